// Reads checkpoints and proofs with golang.org/x/mod's sumdb, which knows nothing of this project.
//
// Standard input: {"key", "note", "inclusion": [{"index", "record", "proof"}],
// "consistency": [{"size", "root", "proof"}]}; hashes and proofs in hex. Prints what holds, or fails.
package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Index  int64    `json:"index"`
	Record string   `json:"record"`
	Proof  []string `json:"proof"`
}

type consistency struct {
	Size  int64    `json:"size"`
	Root  string   `json:"root"`
	Proof []string `json:"proof"`
}

type input struct {
	Key         string        `json:"key"`
	Note        string        `json:"note"`
	Inclusion   []inclusion   `json:"inclusion"`
	Consistency []consistency `json:"consistency"`
}

func hash(text string) (h tlog.Hash) {
	bytes, err := hex.DecodeString(text)
	if err != nil || len(bytes) != len(h) {
		log.Fatalf("not a hash: %q", text)
	}
	copy(h[:], bytes)
	return h
}

func hashes(texts []string) (list []tlog.Hash) {
	for _, text := range texts {
		list = append(list, hash(text))
	}
	return list
}

// checkpoint opens the note with the key, and reads its origin, size and root.
func checkpoint(key, text string) (size int64, root tlog.Hash) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		log.Fatal(err)
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		log.Fatal(err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		log.Fatalf("not a checkpoint of %s: %q", verifier.Name(), opened.Text)
	}
	if size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		log.Fatal(err)
	}
	bytes, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || copy(root[:], bytes) != len(root) {
		log.Fatalf("not a root: %q", lines[2])
	}
	return size, root
}

func main() {
	log.SetFlags(0)
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		log.Fatal(err)
	}
	size, root := checkpoint(in.Key, in.Note)
	for _, i := range in.Inclusion {
		record := hash(i.Record)
		if err := tlog.CheckRecord(hashes(i.Proof), size, root, i.Index, tlog.RecordHash(record[:])); err != nil {
			log.Fatalf("entry %d: %v", i.Index+1, err)
		}
	}
	for _, c := range in.Consistency {
		if err := tlog.CheckTree(hashes(c.Proof), size, root, c.Size, hash(c.Root)); err != nil {
			log.Fatalf("consistency with %d: %v", c.Size, err)
		}
	}
	fmt.Printf("size %d, %d inclusion proofs, %d consistency proofs\n", size, len(in.Inclusion), len(in.Consistency))
}
