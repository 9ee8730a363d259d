package kube

import (
	"context"
	"errors"
	"fmt"
	"time"

	core "k8s.io/api/core/v1"

	"github.com/plimsoll/plimsoll/tuner"
)

// The waits of a rollout: how long nothing at all may happen beyond a start and an end of a Pod, how long a Pod may be
// without a node while none is going, and how often what a watch does not show is looked at.
const (
	standstill = 2 * time.Minute
	placing    = 10 * time.Second
	secondLook = 2 * time.Second
)

// AwaitReady waits for the rollout, or for the resize, and reads the resources back from the running Pods. Where they are
// not those under test that is a doubt. ready is false where a Pod did not get Ready in its time; a Pod that the cluster
// refuses, whatever its limits do to it, is an error with the cluster's own words.
func (k *Kube) AwaitReady(ctx context.Context) (took time.Duration, ready bool, err error) {
	if k.resized {
		err = k.awaitResize(ctx)
	} else {
		ready, err = k.awaitRollout(ctx, k.mark)
		if err == nil && !ready {
			return 0, false, nil
		}
	}
	if err != nil {
		return 0, false, err
	}
	pods := of(k.watch.now().pods, k.mark)
	for _, p := range pods {
		k.replicas = append(k.replicas, p.UID)
	}
	k.doubts = k.readBack(pods)
	if k.resized {
		return 0, true, nil
	}
	return startup(pods), true, nil
}

// awaitRollout waits until the Pods of the template with mark are Ready and all others are gone.
func (k *Kube) awaitRollout(ctx context.Context, mark string) (ready bool, err error) {
	began, moved := time.Now(), time.Now()
	var before standing
	var unplaced time.Time
	for {
		now := k.watch.now()
		s := stands(k.target, now.object, now.pods, mark)
		mine := of(now.pods, mark)
		if now.gone {
			return false, fmt.Errorf("%s was deleted", k.target)
		}
		if s.done() {
			return true, nil
		}
		if s != before {
			before, moved = s, time.Now()
		}
		why, hard := refused(mine)
		if why == "" || s.Old > 0 {
			unplaced = time.Now()
		}
		if hard || why != "" && time.Since(unplaced) > placing {
			return false, fmt.Errorf("%s can't run: %s", k.target, why)
		}
		if failing(mine, now.placed, k.file.Workload.Startup, time.Now()) != "" {
			if why != "" { // it is not the limits' doing
				return false, fmt.Errorf("%s can't run: %s", k.target, why)
			}
			return false, nil
		}
		if s.New < s.Want && time.Since(began) > secondLook {
			if why := k.refusal(ctx, began); why != "" {
				return false, fmt.Errorf("the cluster refuses the Pods of %s: %s", k.target, why)
			}
		}
		if time.Since(moved) > standstill+k.file.Workload.Startup {
			return false, fmt.Errorf("the rollout of %s stands still: %s", k.target, s)
		}
		if err := now.wait(ctx, secondLook); err != nil {
			return false, errors.Join(err, fmt.Errorf("%s", s))
		}
	}
}

// wait returns when the scene has changed, at the latest after limit.
func (s scene) wait(ctx context.Context, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-s.changed:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// readBack doubts settings that the running Pods do not have, and names who may have changed them.
func (k *Kube) readBack(pods []*core.Pod) []tuner.Doubt {
	var all []tuner.Doubt
	for _, p := range pods {
		for _, c := range k.file.Workload.Containers {
			want, ok := k.settings.Of(c.Name)
			if !ok || !c.Tune {
				continue
			}
			if text := podDiffers(p, c.Name, want); text != "" {
				all = append(all, tuner.Doubt{Kind: tuner.SettingsDiffer,
					Text: fmt.Sprintf("container %s of Pod %s %s; %s", c.Name, p.Name, text, suspect(p))})
			}
		}
	}
	return all
}

// podDiffers says how the named container's resources are not those wanted; "" where they are.
func podDiffers(p *core.Pod, container string, want tuner.ContainerSettings) string {
	for _, c := range long(p.Spec) {
		if c.Name != container {
			continue
		}
		for _, s := range statuses(p) {
			if s.Name == container {
				return differs(want.Resources, c.Resources, s.Resources)
			}
		}
		return differs(want.Resources, c.Resources, nil)
	}
	return "is not there"
}

// suspect names who changed the resources between the template and the Pod, by the traces that are left on it.
func suspect(p *core.Pod) string {
	for annotation, who := range map[string]string{
		"vpaUpdates": "a VerticalPodAutoscaler", "vpaInPlaceUpdated": "a VerticalPodAutoscaler",
		"kubernetes.io/limit-ranger": "a LimitRange",
	} {
		if text := p.Annotations[annotation]; text != "" {
			return who + " changed it (" + text + ")"
		}
	}
	return "an admission webhook, or somebody who resized it, changed it"
}
