package cluster

import (
	"context"
	"errors"
	"testing"
	"time"

	coordination "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// Who is interrupted while another run's Lease is looked at holds nothing, so that nobody puts that run's changes back.
func TestInterruptedWaitHoldsNoLease(t *testing.T) {
	other := &Lease{name: "web", holder: Holder{Run: "other", Host: "elsewhere", PID: 1}}
	there := other.object(nil)
	there.Namespace = "shop"
	c := &Client{Typed: fake.NewSimpleClientset(there)}
	ctx, interrupt := context.WithCancel(t.Context())
	l, err := Acquire(ctx, c, "shop", "web", "mine", func(Holder) { interrupt() })
	if l != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("lease %v, error %v", l, err)
	}
	if now := leaseIn(t, c); holderOf(now) != other.holder {
		t.Errorf("%v holds it now", holderOf(now))
	}
}

// A Lease that was written, though no reply came, is unsure; releasing deletes it where it is this run's.
func TestLeaseWithoutAReply(t *testing.T) {
	fakes := fake.NewSimpleClientset()
	c := &Client{Typed: fakes}
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	fakes.PrependReactor("create", "leases", func(a clienttesting.Action) (bool, runtime.Object, error) {
		o := a.(clienttesting.CreateAction).GetObject().(*coordination.Lease)
		_ = fakes.Tracker().Create(a.GetResource(), o, a.GetNamespace()) // the second time it is there
		return true, nil, apierrors.NewInternalError(errors.New("the reply was lost"))
	})
	l, err := Acquire(ctx, c, "shop", "web", "mine", nil)
	if err == nil || l == nil || !l.Unsure() {
		t.Fatalf("lease %+v, error %v", l, err)
	}
	leaseIn(t, c)
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Typed.CoordinationV1().Leases("shop").Get(t.Context(), "web", meta.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("it is still there: %v", err)
	}
}

func leaseIn(t *testing.T, c *Client) *coordination.Lease {
	t.Helper()
	now, err := c.Typed.CoordinationV1().Leases("shop").Get(t.Context(), "web", meta.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return now
}
