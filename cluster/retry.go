package cluster

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
)

// callTime is how long one call of an API server may take before it is tried again.
const callTime = 10 * time.Second

// mostRefusals is how often a call that the server understood and refused is made again: what it was made for may have
// changed in between, which making it anew takes into account.
const mostRefusals = 5

// Retry calls change until it succeeds, is refused for good, or ctx is done; then it returns the last error. change
// reads what it changes anew each time, so that a conflict, or a reply that was lost, is nothing but another look. A
// Retry-After of the server is kept to.
func Retry(ctx context.Context, change func(context.Context) error) error {
	backoff := wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 8, Cap: 5 * time.Second}
	refusals := 0
	for {
		one, cancel := context.WithTimeout(ctx, callTime)
		err := change(one)
		cancel()
		if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
			refusals++
		}
		if err == nil || permanent(err) || refusals >= mostRefusals {
			return err
		}
		pause := backoff.Step()
		if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
			pause = max(pause, time.Duration(seconds)*time.Second)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// ErrPermanent marks an error that no other try can mend.
var ErrPermanent = errors.New("")

// permanent is true for errors that another try cannot mend.
func permanent(err error) bool {
	return errors.Is(err, ErrPermanent) || apierrors.IsNotFound(err) || apierrors.IsForbidden(err) ||
		apierrors.IsUnauthorized(err) || apierrors.IsMethodNotSupported(err) || apierrors.IsAlreadyExists(err)
}
