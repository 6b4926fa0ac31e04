package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"

	"slotway/server/internal/wire"
)

//go:embed assets
var files embed.FS

// asset is a file that pages load.
type asset struct {
	media       string
	plain, gzip []byte
}

// assets are those files by name. Version changes with any of them: it is in their
// addresses, so that browsers may keep them for good.
var assets, Version = loadAssets()

func loadAssets() (map[string]asset, string) {
	all, sum := map[string]asset{}, sha256.New()
	entries, err := files.ReadDir("assets")
	if err != nil {
		panic("web: " + err.Error())
	}
	for _, e := range entries {
		b, err := files.ReadFile("assets/" + e.Name())
		if err != nil {
			panic("web: " + err.Error())
		}
		sum.Write(b)
		a := asset{plain: b}
		switch path.Ext(e.Name()) {
		case ".css":
			a.media = "text/css; charset=utf-8"
		case ".js":
			a.media = "text/javascript; charset=utf-8"
		case ".svg":
			a.media = "image/svg+xml"
		default:
			a.media = "text/plain; charset=utf-8"
		}
		var packed bytes.Buffer
		z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if _, err := z.Write(b); err != nil || z.Close() != nil {
			panic("web: an asset cannot be compressed")
		}
		a.gzip = packed.Bytes()
		all[e.Name()] = a
	}
	return all, hex.EncodeToString(sum.Sum(nil)[:6])
}

// serveAsset serves one.
func serveAsset(w http.ResponseWriter, r *http.Request) error {
	a, ok := assets[r.PathValue("file")]
	if !ok || r.PathValue("version") != Version {
		return NoPage()
	}
	h := w.Header()
	h.Set("Content-Type", a.media)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := a.plain
	if wire.TakesGzip(r.Header) {
		h.Set("Content-Encoding", "gzip")
		body = a.gzip
	}
	_, _ = w.Write(body) // the reader has gone
	return nil
}
