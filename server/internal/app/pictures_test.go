package app

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"slices"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// forReadme makes one of the README's pictures anew, where goldens are, in the folder
// of the package whose pages it shows.
func (b *tab) forReadme(of, name string) {
	b.t.Helper()
	if os.Getenv("UPDATE_GOLDEN") == "" {
		return
	}
	var taken []byte
	b.run(emulation.SetDeviceMetricsOverride(960, 400, 1, false), chromedp.FullScreenshot(&taken, 100), emulation.ClearDeviceMetricsOverride())
	small, err := fewColours(taken)
	if err == nil {
		err = os.WriteFile("../"+of+"/pictures/"+name+".png", small, 0o644)
	}
	if err != nil {
		b.t.Error(err)
	}
}

// fewColours writes a picture with the colours that it has most of: of a page, nothing
// is seen to be missing, and a third of the bytes are left.
func fewColours(picture []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	box, count := full.Bounds(), map[color.Color]int{}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			count[full.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return cmp.Compare(count[b], count[a]) })
	few := image.NewPaletted(box, color.Palette(colours[:min(len(colours), 64)]))
	index := map[color.Color]uint8{}
	for _, c := range colours {
		index[c] = uint8(few.Palette.Index(c))
	}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			few.SetColorIndex(x, y, index[full.At(x, y)])
		}
	}
	var out bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, few)
	return out.Bytes(), err
}
