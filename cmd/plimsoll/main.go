package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

func main() {
	klog.SetLogger(logr.Discard()) // a connection that is lost and found is not news; what it did to a trial is in the trial
	ctx, stop := interruptible(os.Stderr)
	code := run(ctx, os.Args[1:], streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.LookupEnv)
	stop()
	os.Exit(code)
}

// streams are where a command reads and writes: results go to Out, progress and errors to Err.
type streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// interruptible returns a context that the first interrupt, SIGTERM or closing of the terminal cancels: the command then
// stops gracefully and reports what it has. The second quits at once; what is left behind is cleaned up by the next
// start. A pipe that nobody reads any more is an error of the write, not the end of a run that has things to put back.
func interruptible(errOut io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	// Not signal.Ignore, which the containers would inherit.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
			fmt.Fprintln(errOut, "\nstopping: the trial in progress ends and what was measured is reported; once more quits at once")
			cancel()
		case <-done:
			return
		}
		select {
		case <-signals:
			fmt.Fprintln(errOut, "\nquit; what is left of a local workload is cleaned up by the next \"plimsoll tune\", one in a cluster is put back by it or by \"plimsoll restore\"; --resume goes on with the search")
			os.Exit(int(exitNotRestored))
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
