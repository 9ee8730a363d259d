package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"time"
)

// cache is where the kernel and what is built for the guest are kept, below the root of the repository.
const cache = ".cache/vm"

func main() {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		fmt.Printf("skipped: the VM needs Linux on amd64, this is %s on %s\n", runtime.GOOS, runtime.GOARCH)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := prove(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "test-v2:", err)
		stop()
		os.Exit(1)
	}
}

// prove builds and boots the guest and prints what came of it. The error says what could not be done or what failed.
func prove(ctx context.Context) error {
	began := time.Now()
	kernel, err := findKernel(ctx)
	if err != nil {
		return err
	}
	image, err := build(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("kernel %s, image built in %.0f s\n", kernel.version, time.Since(began).Seconds())
	results, err := boot(ctx, kernel.file, image)
	if err != nil {
		return err
	}
	return results.print(os.Stdout)
}
