// Command image writes the image of Plimsoll as an archive, without a container engine: the static program, run as a
// numeric user that is not root, so that it is admitted under the restricted Pod Security. Load it with
// `ctr -n k8s.io images import`, `docker load` or `kind load image-archive`.
//
//	go run ./test/image -program bin/plimsoll -name ghcr.io/plimsoll/plimsoll:v1 -out bin/plimsoll-image.tar
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"

	"github.com/plimsoll/plimsoll/test/kube/archive"
)

func main() {
	program := flag.String("program", "bin/plimsoll", "the static program")
	name := flag.String("name", "", "name of the image with its tag")
	out := flag.String("out", "bin/plimsoll-image.tar", "file to write")
	architecture := flag.String("architecture", runtime.GOARCH, "the program's: amd64 or arm64")
	flag.Parse()
	err := archive.Write(*out, archive.Image{Name: *name, Entrypoint: []string{"/plimsoll"}, User: "65532:65532",
		Files: map[string]string{"/plimsoll": *program}, Architecture: *architecture})
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
	fmt.Println(*out, "holds", *name)
}
