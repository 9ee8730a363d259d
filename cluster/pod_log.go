package cluster

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// longestLine that is read of a log, in bytes; longer ones end the reading.
	longestLine = 1 << 20
	// otherLines of a log are kept, the last ones, to say what a program printed when it broke.
	otherLines = 20
	// retryAfter is the first wait before a log is asked for again; it doubles up to retryAtMost.
	retryAfter  = 200 * time.Millisecond
	retryAtMost = 2 * time.Second
)

// podLog follows the rows that one Pod writes, each once and in order, over as many connections as it takes.
type podLog struct {
	client         *Client
	namespace, pod string
	// silent is how long nothing may come before the connection is made anew; lost how long nothing may come at all.
	silent, lost time.Duration

	// next is the number of the row to come; gaps are those that will never come, in words.
	next int64
	gaps []string
	// other holds the last lines that are no rows.
	other []string
	// heard is when the last row came.
	heard time.Time
}

// follow calls each for every row until it returns done, the Pod has ended, or ctx is done. end says how the Pod ended,
// "" where it did not. The errors are those of each, of a damaged row, and of a log that can't be had.
func (l *podLog) follow(ctx context.Context, each func(content []byte) (done bool, err error)) (end string, err error) {
	l.heard = time.Now()
	wait := retryAfter
	for ctx.Err() == nil {
		before := l.next
		done, readErr := l.read(ctx, true, each)
		if done || readErr != nil {
			return "", readErr
		}
		state, err := l.state(ctx)
		switch {
		case err == nil && state.ended:
			// What was written between the last row read and the end is still in the log.
			_, err = l.read(ctx, false, each)
			return state.text, err
		case time.Since(l.heard) > l.lost && ctx.Err() == nil:
			return "", fmt.Errorf("nothing has come from Pod %s/%s for %v: %s", l.namespace, l.pod, l.lost, state.orError(err))
		}
		if l.next > before {
			wait = retryAfter
		}
		sleep(ctx, wait)
		wait = min(2*wait, retryAtMost)
	}
	return "", ctx.Err()
}

// podState is what is known of a Pod whose log has ended.
type podState struct {
	ended bool
	text  string
}

func (s podState) orError(err error) string {
	if err != nil {
		return err.Error()
	}
	return s.text
}

func (l *podLog) state(ctx context.Context) (podState, error) {
	pod, err := l.client.Typed.CoreV1().Pods(l.namespace).Get(ctx, l.pod, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return podState{ended: true, text: "it was deleted"}, nil
	case err != nil:
		return podState{}, err
	}
	phase, text, _ := stateOf(pod)
	return podState{ended: phase == podEnded, text: text}, nil
}

// read reads the log once, from its start: to its end, or where follow is true as long as the connection lives. That the
// connection failed is no error: the caller looks at the Pod and tries again.
func (l *podLog) read(ctx context.Context, follow bool, each func([]byte) (bool, error)) (done bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := time.AfterFunc(l.silent, cancel)
	defer quiet.Stop()
	stream, err := l.open(ctx, &corev1.PodLogOptions{Follow: follow})
	if err != nil {
		return false, nil //nolint:nilerr // see above
	}
	defer stream.Close()
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		quiet.Reset(l.silent)
		if done, err := l.line(lines.Text(), each); done || err != nil {
			return done, err
		}
	}
	return false, nil
}

func (l *podLog) open(ctx context.Context, options *corev1.PodLogOptions) (io.ReadCloser, error) {
	return l.client.Typed.CoreV1().Pods(l.namespace).GetLogs(l.pod, options).Stream(ctx)
}

// line passes one line on, unless it came before.
func (l *podLog) line(text string, each func([]byte) (bool, error)) (done bool, err error) {
	r, isRow, err := parseRow(text)
	switch {
	case !isRow:
		l.other = append(l.other, text)
		l.other = l.other[max(len(l.other)-otherLines, 0):]
		return false, nil
	case err != nil:
		// A connection that broke leaves half a line, which the next one reads whole. One that is damaged in the log itself
		// is missed by the number of the row after it.
		return false, nil
	case r.number < l.next:
		return false, nil
	case r.number > l.next:
		l.gaps = append(l.gaps, fmt.Sprintf("rows %d to %d are missing from the log", l.next, r.number-1))
	}
	l.next, l.heard = r.number+1, time.Now()
	return each(r.content)
}

// last is the newest row of the log now, by a request of its own.
func (l *podLog) last(ctx context.Context) ([]byte, error) {
	stream, err := l.open(ctx, &corev1.PodLogOptions{TailLines: new(int64(otherLines))})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	var contents [][]byte
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		if r, isRow, err := parseRow(lines.Text()); isRow && err == nil {
			contents = append(contents, r.content)
		}
	}
	if len(contents) == 0 {
		return nil, fmt.Errorf("the log has no rows yet")
	}
	return slices.Clone(contents[len(contents)-1]), lines.Err()
}

// sleep waits for d or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
