package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll/plimsoll/cluster"
	"github.com/plimsoll/plimsoll/cluster/snapshot"
	"github.com/plimsoll/plimsoll/tuner/compat"
	"github.com/plimsoll/plimsoll/workload/kube"
)

// vpaLook is how often a recommendation is looked for; a recommender writes one a minute.
const vpaLook = 2 * time.Second

// compareWithVPA puts what a VPA recommends beside what was tested: the one there is, or one in Off mode that is made for
// it and deleted on every way out. One that recommends nothing in its time is an error: exit code 3.
func (a *app) compareWithVPA(ctx context.Context, o compatOptions, object string, s compat.Snapshot, m *compat.Measured) ([]compat.Compared, error) {
	if len(s.VPAs) > 0 {
		a.notice(fmt.Sprintf("%s is there already; none is made", s.VPAs[0].Ref))
		return compat.Compare(s, m), nil
	}
	client, err := cluster.New(o.Flags)
	if err != nil {
		return nil, usage(err)
	}
	target, err := kube.ParseTarget(client.Namespace, object)
	if err != nil {
		return nil, usage(err)
	}
	manifest, err := snapshot.Documents("a VPA", []byte(compat.OffVPA(s.Workload.Ref, nil).YAML))
	if err != nil {
		return nil, err
	}
	end, err := kube.MakeVPA(ctx, client, target, manifest[0], a.notice)
	var compared []compat.Compared
	if err == nil {
		compared, err = a.recommended(ctx, client, target, o.Wait, m)
	}
	if err != nil {
		err = exitError{exitNotMeasured, err}
	}
	limit, cancel := context.WithTimeout(context.Background(), defaultRestoreTime)
	defer cancel()
	if ended := end(limit); ended != nil && !errors.Is(ended, cluster.ErrHeld) {
		err = errors.Join(err, exitError{exitNotRestored, fmt.Errorf("it is not confirmed that the VPA is deleted: %w\n  run: plimsoll restore %s -n %s", ended, target, target.Namespace)})
	}
	return compared, err
}

// recommended waits until the VPA that was made recommends something.
func (a *app) recommended(ctx context.Context, client *cluster.Client, t kube.Target, wait time.Duration, m *compat.Measured) ([]compat.Compared, error) {
	a.notice(fmt.Sprintf("made a VPA in Off mode for %s; waiting for its recommendation, %v at most", t, wait))
	over := time.NewTimer(wait)
	defer over.Stop()
	next := time.NewTicker(vpaLook)
	defer next.Stop()
	for {
		s, err := snapshot.Read(ctx, client, t.Namespace, t.String())
		if compared := compat.Compare(s, m); err == nil && len(compared) > 0 {
			return compared, nil
		}
		select {
		case <-next.C:
		case <-over.C:
			return nil, fmt.Errorf("the VPA recommended nothing within %v: its recommender does not run, or has no metrics of the Pods yet; --vpa-wait waits longer", wait)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
