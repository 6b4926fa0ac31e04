// Warns a minute before the session is over, and leaves the page when it is. What is
// written in a form by then is sent, to be kept. Without script the server says the
// same of the next page.
const dialog = document.getElementById('idle')
const warnAt = 60

function start() {
  const shown = document.getElementById('idle-left')
  const said = document.getElementById('idle-said')
  let ends = Date.now() + 1000 * dialog.dataset.left
  let asking = false
  let next = 0 // when to ask again, after there was no answer
  let told = 0

  const left = () => Math.max(0, Math.ceil((ends - Date.now()) / 1000))

  // ask asks the server how long there is, and with POST for longer.
  async function ask(method) {
    if (asking) return
    asking = true
    try {
      const answer = await fetch(dialog.dataset.session, { method, cache: 'no-store' })
      ends = Date.now() + 1000 * (await answer.json()).left
    } catch {
      next = Date.now() + 5000
      return // nothing is thrown away that somebody has written
    } finally {
      asking = false
    }
    if (left() === 0) leave()
    else if (left() <= warnAt) warn()
    else dialog.close()
  }

  function warn() {
    if (!dialog.open) {
      told = warnAt
      dialog.showModal()
    }
    const text = left() === 1 ? '1 second' : left() + ' seconds'
    shown.textContent = left() === 60 ? '1 minute' : text
    for (const at of [30, 10]) {
      if (left() <= at && told > at) {
        told = at
        said.textContent = 'You will be signed out in ' + text
      }
    }
  }

  function leave() {
    clearInterval(ticking)
    for (const form of document.querySelectorAll('form[data-keep]')) {
      if ([...form.querySelectorAll('textarea')].some((t) => t.value.trim())) {
        HTMLFormElement.prototype.submit.call(form)
        return
      }
    }
    location.replace(dialog.dataset.over)
  }

  const ticking = setInterval(() => {
    if (Date.now() < next) return
    if (left() === 0 || (left() <= warnAt && !dialog.open)) ask('GET')
    else if (dialog.open) warn()
  }, 1000)

  document.addEventListener('visibilitychange', () => ask('GET'))
  document.getElementById('idle-stay').addEventListener('click', () => ask('POST'))
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault()
    ask('POST')
  })
}

if (dialog && dialog.showModal) start()
