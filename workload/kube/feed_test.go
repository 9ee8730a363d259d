package kube

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	machinery "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// A Pod that is replaced under its own name while nothing is watched has gone: without that, a StatefulSet's rollout waits
// for its old Pod for ever.
func TestReplacedInAGap(t *testing.T) {
	pod := func(uid types.UID) *core.Pod {
		return &core.Pod{ObjectMeta: meta.ObjectMeta{Namespace: "shop", Name: "web-0", UID: uid, ResourceVersion: string(uid)}}
	}
	there := "1"
	source := cache.ListWatch{
		ListWithContextFunc: func(context.Context, meta.ListOptions) (runtime.Object, error) {
			return &core.PodList{ListMeta: meta.ListMeta{ResourceVersion: there}, Items: []core.Pod{*pod(types.UID(there))}}, nil
		},
		WatchFuncWithContext: func(_ context.Context, o meta.ListOptions) (machinery.Interface, error) {
			if o.SendInitialEvents != nil {
				return nil, apierrors.NewInvalid(schema.GroupKind{}, "", nil) // a server that can only list
			}
			if o.ResourceVersion == "1" {
				there = "2" // what happened since is no longer to be had: the informer lists again
				return nil, apierrors.NewResourceExpired("too old")
			}
			return machinery.NewFake(), nil
		},
	}
	told := make(chan string, 10)
	f := feed{source: source, example: &core.Pod{}, seen: func(x any, gone, stale bool) {
		told <- fmt.Sprintf("%s gone %v stale %v", x.(*core.Pod).UID, gone, stale)
	}}
	w := &watch{}
	follow, stop := context.WithTimeout(t.Context(), 20*time.Second)
	if _, _, err := f.run(w, follow); err != nil {
		t.Fatal(err)
	}
	defer func() { stop(); w.group.Wait() }()
	var all []string
	for len(all) < 3 {
		select {
		case said := <-told:
			all = append(all, said)
		case <-follow.Done():
			t.Fatalf("all that was told is %q", all)
		}
	}
	if want := []string{"1 gone false stale false", "1 gone true stale true", "2 gone false stale false"}; !slices.Equal(all, want) {
		t.Errorf("told %q, want %q", all, want)
	}
}
