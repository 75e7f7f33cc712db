// cctv writes the C2SP test vectors of the age format into a folder, one file each. Those that come compressed are
// written decompressed.
package main

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	agetest "c2sp.org/CCTV/age"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: cctv FOLDER")
	}
	if err := writeAll(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func writeAll(folder string) error {
	entries, err := fs.ReadDir(agetest.Vectors, ".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		vector, err := fs.ReadFile(agetest.Vectors, entry.Name())
		if err != nil {
			return err
		}
		vector, err = decompress(vector)
		if err != nil {
			return fmt.Errorf("%s: %w", entry.Name(), err)
		}
		if err := os.WriteFile(filepath.Join(folder, entry.Name()), vector, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// decompress replaces the part after the first empty line, where the part before it says that it is compressed.
func decompress(vector []byte) ([]byte, error) {
	header, body, found := bytes.Cut(vector, []byte("\n\n"))
	if !found || !bytes.Contains(header, []byte("\ncompressed: zlib")) {
		return vector, nil
	}
	reader, err := zlib.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{header, plain}, []byte("\n\n")), nil
}
