package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"slotway/hl7bridge/hl7"
)

// sending is a message on its way, and how it is called in what is printed.
type sending struct {
	name string
	raw  []byte
}

// expand gives the files that arguments name: themselves, or what is in a directory,
// by name, but for what begins with a dot.
func expand(args []string) (files []string, err error) {
	for _, arg := range args {
		if arg == "-" {
			files = append(files, arg)
			continue
		}
		err := filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			switch hidden := path != arg && strings.HasPrefix(d.Name(), "."); {
			case err != nil:
				return err
			case hidden && d.IsDir():
				return filepath.SkipDir
			case !d.IsDir() && !hidden:
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no file in %s", strings.Join(args, ", "))
	}
	return files, nil
}

// readMessages reads what a file holds. What is not a row of messages, or a file of them
// that is not whole, is one message as it is: the peer says what is wrong with it.
func readMessages(name string) ([]sending, error) {
	var raw []byte
	var err error
	if name == "-" {
		raw, err = io.ReadAll(os.Stdin)
	} else {
		raw, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, errors.New("the file holds nothing")
	}
	file, err := hl7.ParseFile(unframe(raw))
	var all []sending
	for _, batch := range file.Batches {
		for _, m := range batch.Messages {
			all = append(all, sending{fmt.Sprintf("%s#%d", name, len(all)+1), m})
		}
	}
	if err != nil || len(all) == 0 {
		return []sending{{name, raw}}, nil
	}
	if len(all) == 1 {
		all[0].name = name
	}
	return all, nil
}

// unframe takes the marks of MLLP out of what was recorded from a connection. A file
// without them is left as it is.
func unframe(raw []byte) []byte {
	if bytes.IndexByte(raw, 0x0b) < 0 && bytes.IndexByte(raw, 0x1c) < 0 {
		return raw
	}
	raw = bytes.ReplaceAll(raw, []byte{0x0b}, nil)
	return bytes.ReplaceAll(raw, []byte{0x1c}, []byte("\r"))
}
