package move

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"slotway/server/internal/store/parts"
)

// An export is
//
//	mark
//	block*                        the first says of which moment it is
//
// and a block is
//
//	length of the rest, 4 bytes
//	SHA-256 of the block before's and of the content, 32 bytes (of 32 zero bytes in the first)
//	content: a text, the JSON of note, and items
//
// so that what is whole of a file that was cut short can be told, and that no block
// is missing from one that was not. The last block's note has End.
const mark = "slotway export 1\n"

// mostContent bounds what is believed of a length.
const mostContent = 256 << 20

// note is what a block says besides its items.
type note struct {
	Moment string   `json:"moment,omitempty"` // in the first block, of the store
	Next   place    `json:"next"`             // where the walk stood behind it
	End    *Summary `json:"end,omitempty"`
}

type sum = [sha256.Size]byte

func chain(before sum, content []byte) (out sum) {
	h := sha256.New()
	_, _ = h.Write(before[:]) // it cannot fail
	_, _ = h.Write(content)
	copy(out[:], h.Sum(nil))
	return out
}

// writeBlock writes a block and gives its sum.
func writeBlock(w io.Writer, before sum, n note, items []item) (sum, error) {
	text, err := json.Marshal(n)
	if err != nil {
		return sum{}, err
	}
	content := parts.AppendText(nil, text)
	for _, it := range items {
		content = it.append(content)
	}
	own := chain(before, content)
	b := binary.BigEndian.AppendUint32(nil, uint32(len(own)+len(content)))
	_, err = w.Write(append(append(b, own[:]...), content...))
	return own, err
}

// blocks reads an export, block by block.
type blocks struct {
	r    *bufio.Reader
	last sum
	read int64 // bytes of what was whole
}

var errNoExport = errors.New("the file is no export of this program")

// readBlocks begins at the beginning of a file.
func readBlocks(r io.Reader) (*blocks, error) {
	b := &blocks{r: bufio.NewReaderSize(r, 1<<20)}
	begin := make([]byte, len(mark))
	if _, err := io.ReadFull(b.r, begin); err != nil || string(begin) != mark {
		return nil, errNoExport
	}
	b.read = int64(len(mark))
	return b, nil
}

// errCut is how a file ends that was cut short, or is damaged from there on.
var errCut = errors.New("the export is not whole")

// next gives the next block.
func (b *blocks) next() (n note, items []item, err error) {
	var head [4]byte
	if _, err := io.ReadFull(b.r, head[:]); err != nil {
		return n, nil, errCut
	}
	size := binary.BigEndian.Uint32(head[:])
	if size < sha256.Size || size > mostContent {
		return n, nil, errCut
	}
	var rest bytes.Buffer // it grows by what is there, whatever the length says
	if got, err := io.CopyN(&rest, b.r, int64(size)); err != nil || got != int64(size) {
		return n, nil, errCut
	}
	own, content := rest.Bytes()[:sha256.Size], rest.Bytes()[sha256.Size:]
	s := chain(b.last, content)
	if !bytes.Equal(s[:], own) {
		return n, nil, errCut
	}
	r := parts.Reader{Rest: content}
	if err := json.Unmarshal(r.Bytes(), &n); err != nil || r.Bad {
		return n, nil, fmt.Errorf("the export says something that cannot be read: %w", errNoExport)
	}
	for left := r.Rest; len(left) > 0; {
		var it item
		if it, left, err = readItem(left); err != nil {
			return n, nil, err
		}
		items = append(items, it)
	}
	b.last = s
	b.read += int64(len(head)) + int64(size)
	return n, items, nil
}
