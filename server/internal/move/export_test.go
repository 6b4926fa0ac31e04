package move

import "bytes"

// Older gives the beginning of an export, up to where it first stands within a space or
// stream, as the program wrote it when places had their keys as text.
func Older(whole []byte) ([]byte, error) {
	b, err := readBlocks(bytes.NewReader(whole))
	if err != nil {
		return nil, err
	}
	out := bytes.NewBufferString(mark)
	for before := (sum{}); ; {
		n, items, err := b.next()
		if err != nil {
			return nil, err
		}
		n.Next.Older, n.Next.Inner = string(n.Next.Inner), nil
		if before, err = writeBlock(out, before, n, items); err != nil || n.Next.Older != "" {
			return out.Bytes(), err
		}
	}
}
