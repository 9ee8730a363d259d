package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	coordination "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	typed "k8s.io/client-go/kubernetes/typed/coordination/v1"
)

// leaseTime is how long a Lease holds without being renewed; it is renewed three times as often.
const leaseTime = 30 * time.Second

// holderAnnotation says which process holds a Lease, so that its end can be seen at once by whoever shares its machine.
const holderAnnotation = "plimsoll.dev/holder"

// ErrHeld is returned by Acquire where another run that is alive holds the Lease.
var ErrHeld = errors.New("another run of plimsoll works on it")

// Holder is who holds a Lease.
type Holder struct {
	// Run names the run, Host and PID its process.
	Run  string `json:"run"`
	Host string `json:"host"`
	PID  int    `json:"pid"`
	// Process names the process beyond its PID, on this machine since it was booted; empty where that is not known.
	Process string `json:"process,omitempty"`
}

// Lease keeps two runs off the same object. It is renewed in the background until Release.
type Lease struct {
	leases typed.LeaseInterface
	name   string
	holder Holder
	stop   context.CancelFunc
	done   chan struct{}

	// unsure is true where it was written and no reply says whether that came to pass.
	unsure bool

	mu   sync.Mutex
	lost error
}

// Unsure is true for a Lease that came with an error of Acquire: it may be this run's, and another run may hold it as well.
// All that may be done is to release it.
func (l *Lease) Unsure() bool { return l.unsure }

// Acquire makes the Lease called name, or takes over one whose holder is gone. Whether it is gone is judged by this
// process's own monotonic clock: a Lease that is not renewed for its whole time while it is looked at (waiting is told
// so), or whose process ran on this machine and is no more. The error wraps ErrHeld where the holder is alive. With an error
// that leaves it unknown whether the Lease was written it comes along, Unsure, to be released.
func Acquire(ctx context.Context, c *Client, namespace, name, run string, waiting func(Holder)) (*Lease, error) {
	l := &Lease{leases: c.Typed.CoordinationV1().Leases(namespace), name: name, holder: thisProcess(run), done: make(chan struct{}), unsure: true}
	err := Retry(ctx, func(ctx context.Context) error {
		_, err := l.leases.Create(ctx, l.object(nil), meta.CreateOptions{FieldManager: FieldManager})
		return err
	})
	if apierrors.IsAlreadyExists(err) {
		err = l.takeOver(ctx, waiting)
	}
	if err != nil {
		err = fmt.Errorf("acquire lease %s/%s: %w", namespace, name, err)
		if !l.unsure || errors.Is(err, ErrHeld) || apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsInvalid(err) {
			return nil, err
		}
		l.stop = func() {}
		close(l.done)
		return l, err
	}
	l.unsure = false
	renew, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.keep(renew)
	return l, nil
}

// takeOver waits until the Lease that is there has no holder any more, and makes it this run's.
func (l *Lease) takeOver(ctx context.Context, waiting func(Holder)) error {
	seen, err := l.get(ctx)
	if err != nil {
		return err
	}
	if h := holderOf(seen); h.Run == l.holder.Run || h.ended() {
		return l.put(ctx, seen)
	}
	l.unsure = false
	if waiting != nil {
		waiting(holderOf(seen))
	}
	for deadline := time.Now().Add(leaseTime); time.Now().Before(deadline); {
		timer := time.NewTimer(time.Second)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		now, err := l.get(ctx)
		if apierrors.IsNotFound(err) {
			return l.put(ctx, nil)
		}
		if err != nil {
			return err
		}
		if now.ResourceVersion != seen.ResourceVersion {
			h := holderOf(now)
			return fmt.Errorf("%w: run %s, process %d on %s", ErrHeld, h.Run, h.PID, h.Host)
		}
	}
	return l.put(ctx, seen)
}

func (l *Lease) get(ctx context.Context) (found *coordination.Lease, err error) {
	err = Retry(ctx, func(ctx context.Context) error {
		found, err = l.leases.Get(ctx, l.name, meta.GetOptions{})
		return err
	})
	return found, err
}

// put writes the Lease as this run's over the one seen, and only over that one.
func (l *Lease) put(ctx context.Context, seen *coordination.Lease) error {
	l.unsure = true
	return Retry(ctx, func(ctx context.Context) error {
		if seen == nil {
			_, err := l.leases.Create(ctx, l.object(nil), meta.CreateOptions{FieldManager: FieldManager})
			return err
		}
		_, err := l.leases.Update(ctx, l.object(seen), meta.UpdateOptions{FieldManager: FieldManager})
		if !apierrors.IsConflict(err) {
			return err
		}
		now, err := l.leases.Get(ctx, l.name, meta.GetOptions{})
		if apierrors.IsNotFound(err) {
			seen = nil
			return errors.New("the lease went away while it was taken over")
		}
		if h := holderOf(now); err == nil && h != l.holder {
			return fmt.Errorf("%w: run %s, process %d on %s%w", ErrHeld, h.Run, h.PID, h.Host, ErrPermanent)
		}
		return err // nil where it is this run's: the reply to an earlier try was lost
	})
}

// object is the Lease as this run holds it, over the one that is there or new.
func (l *Lease) object(over *coordination.Lease) *coordination.Lease {
	now := meta.NowMicro()
	text, _ := json.Marshal(l.holder) // of strings and a number: cannot fail
	lease := &coordination.Lease{ObjectMeta: meta.ObjectMeta{Name: l.name}}
	if over != nil {
		lease = over.DeepCopy()
	}
	lease.Annotations = map[string]string{holderAnnotation: string(text)}
	lease.Spec = coordination.LeaseSpec{
		HolderIdentity:       new(fmt.Sprintf("%s/%d/%s", l.holder.Host, l.holder.PID, l.holder.Run)),
		LeaseDurationSeconds: new(int32(leaseTime / time.Second)),
		AcquireTime:          &now, RenewTime: &now,
	}
	return lease
}

// holderOf is who holds a Lease; zero where it does not tell.
func holderOf(lease *coordination.Lease) Holder {
	var h Holder
	_ = json.Unmarshal([]byte(lease.Annotations[holderAnnotation]), &h) // what is not readable names nobody
	return h
}

// keep renews the Lease until ctx is done.
func (l *Lease) keep(ctx context.Context) {
	defer close(l.done)
	tick := time.NewTicker(leaseTime / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		one, cancel := context.WithTimeout(ctx, leaseTime/3)
		now, err := l.leases.Get(one, l.name, meta.GetOptions{})
		if err == nil && holderOf(now) == l.holder {
			renewed := now.DeepCopy()
			at := meta.NowMicro()
			renewed.Spec.RenewTime = &at
			_, err = l.leases.Update(one, renewed, meta.UpdateOptions{FieldManager: FieldManager})
		} else if err == nil {
			h := holderOf(now)
			l.lose(fmt.Errorf("%w: run %s, process %d on %s took the lease over", ErrHeld, h.Run, h.PID, h.Host))
		}
		cancel()
		if apierrors.IsNotFound(err) {
			l.lose(errors.New("somebody deleted the lease " + l.name))
		}
	}
}

func (l *Lease) lose(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = err
}

// Lost says why the Lease is no longer this run's; nil while it is.
func (l *Lease) Lost() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// Release ends the renewing and deletes the Lease where it is still this run's.
func (l *Lease) Release(ctx context.Context) error {
	l.stop()
	<-l.done
	err := Retry(ctx, func(ctx context.Context) error {
		now, err := l.leases.Get(ctx, l.name, meta.GetOptions{})
		if err != nil || holderOf(now) != l.holder {
			return err
		}
		return l.leases.Delete(ctx, l.name, meta.DeleteOptions{Preconditions: &meta.Preconditions{ResourceVersion: &now.ResourceVersion}})
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete lease %s: %w", l.name, err)
	}
	return nil
}

// Stop ends the renewing and leaves the Lease to run out: what it guards is not put back yet.
func (l *Lease) Stop() {
	l.stop()
	<-l.done
}
