package restore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
)

// playedVariable makes the program of this test play plimsoll, with the defect that the variable names: the harness has
// to find each of them.
const playedVariable = "PLIMSOLL_PLAYED"

// The defects that can be played; "correct" has none.
const (
	correct       = "correct"
	forgetsHPA    = "forgets the HPA"
	leavesLease   = "leaves the Lease"
	leavesSecret  = "leaves a Secret"
	leavesRecord  = "leaves its annotation"
	leavesHistory = "leaves a revision"
	ownsField     = "owns a field"
	wrongAbsent   = "gives an absent field a value"
	onlyInMemory  = "keeps the originals in memory only"
	recordsLate   = "records after the change"
	overwrites    = "overwrites a foreign edit"
	silent        = "does not tell of a foreign edit"
	givesUp       = "gives up at the first error"
	liesOK        = "ends with 0 although nothing is put back"
	liesNot       = "ends with 4 although all is put back"
	noCommand     = "names no command with exit code 4"
	panics        = "panics"
	touchesOther  = "changes another object"
)

// wasAnnotation keeps what a field was before.
const wasAnnotation = "played.example.com/was"

// change is one field that the played program changes and puts back.
type change struct {
	resource schema.GroupVersionResource
	path     []string
	value    int64
}

var changes = []change{
	{autoscalers, []string{"spec", "maxReplicas"}, 2},
	{verticalAutoscalers, []string{"spec", "updatePolicy", "evictAfterOOMSeconds"}, 60}, // absent before
}

// played is plimsoll as this test plays it: it changes the fields, and puts them back.
type played struct {
	client    dynamic.Interface
	namespace string
	defect    string
	out       io.Writer
	// was are the originals, for the defect that keeps them here only.
	was map[string]any
}

// play is the main function of the played program. Its arguments are those of plimsoll.
func play(args []string, defect string) int {
	at := args[slices.Index(args, "--kubeconfig")+1]
	config, err := clientcmd.LoadFromFile(at)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	rest, err := clientcmd.NewDefaultClientConfig(*config, nil).ClientConfig()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	p := played{client: dynamic.NewForConfigOrDie(rest), namespace: config.Contexts["c"].Namespace, defect: defect, out: os.Stdout, was: map[string]any{}}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if args[0] == "tune" {
		return p.tune(ctx)
	}
	if err := p.restore(ctx); err != nil {
		return 4
	}
	return 0
}

func (p played) tune(ctx context.Context) int {
	err := p.change(ctx)
	if p.defect == panics {
		panic("played")
	}
	if p.defect == liesOK {
		return 0
	}
	if err := errors.Join(err, p.restore(ctx)); err != nil {
		fmt.Fprintln(p.out, "not put back:", err)
		if p.defect != noCommand {
			fmt.Fprintln(p.out, "run:", command)
		}
		return exitNotRestored
	}
	if p.defect == liesNot {
		fmt.Fprintln(p.out, "run:", command)
		return exitNotRestored
	}
	return 0
}

var (
	verticalAutoscalers = schema.GroupVersionResource{Group: "autoscaling.k8s.io", Version: "v1", Resource: "verticalpodautoscalers"}

	leases      = schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}
	secrets     = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
)

func (p played) change(ctx context.Context) error {
	if err := p.create(ctx, leases, "coordination.k8s.io/v1", "Lease", "played"); err != nil {
		return err
	}
	if p.defect == leavesSecret {
		if err := p.create(ctx, secrets, "v1", "Secret", "played"); err != nil {
			return err
		}
	}
	if p.defect == touchesOther {
		if err := p.patch(ctx, secrets, "other", map[string]any{"metadata": map[string]any{"labels": map[string]any{"played": "yes"}}}); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if err := p.set(ctx, c); err != nil {
			return err
		}
	}
	if p.defect == leavesHistory {
		for _, mark := range []any{"played", nil} {
			template := map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": map[string]any{"played": mark}}}}
			if err := p.patch(ctx, deployments, "web", map[string]any{"spec": template}); err != nil {
				return err
			}
			time.Sleep(time.Second) // its ReplicaSet is made meanwhile
		}
	}
	return nil
}

// set changes a field, and notes in the same patch what it was.
func (p played) set(ctx context.Context, c change) error {
	object, err := p.get(ctx, c.resource)
	if err != nil || p.noted(object, c) {
		return err
	}
	was, _, _ := unstructured.NestedFieldCopy(object.Object, c.path...)
	p.was[c.resource.Resource] = was
	text, err := json.Marshal(map[string]any{"was": was})
	if err != nil {
		return err
	}
	patch := map[string]any{}
	note := map[string]any{"metadata": map[string]any{"annotations": map[string]any{wasAnnotation: string(text)}}}
	if p.defect != onlyInMemory && p.defect != recordsLate {
		patch = note
	}
	if err := unstructured.SetNestedField(patch, c.value, c.path...); err != nil {
		return err
	}
	err = p.patch(ctx, c.resource, "web", patch)
	if err == nil && p.defect == recordsLate {
		err = p.patch(ctx, c.resource, "web", note)
	}
	return err
}

func (p played) noted(object *unstructured.Unstructured, c change) bool {
	if p.defect == onlyInMemory {
		_, there := p.was[c.resource.Resource]
		return there
	}
	return object.GetAnnotations()[wasAnnotation] != ""
}

// restore puts every field back, and deletes the Lease.
func (p played) restore(ctx context.Context) error {
	for _, c := range changes {
		if p.defect == forgetsHPA && c.resource == autoscalers {
			continue
		}
		if err := p.unset(ctx, c); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	if p.defect == leavesLease {
		return nil
	}
	err := p.try(ctx, func() error {
		return p.client.Resource(leases).Namespace(p.namespace).Delete(ctx, "played", metav1.DeleteOptions{})
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// unset puts a field back unless somebody else has changed it.
func (p played) unset(ctx context.Context, c change) error {
	object, err := p.get(ctx, c.resource)
	if err != nil || !p.noted(object, c) {
		return err
	}
	was := p.was[c.resource.Resource]
	if text := object.GetAnnotations()[wasAnnotation]; text != "" {
		var note struct{ Was *int64 }
		if err := json.Unmarshal([]byte(text), &note); err != nil {
			return err
		}
		was = nil
		if note.Was != nil {
			was = *note.Was
		}
	}
	if p.defect == wrongAbsent && was == nil {
		was = int64(3)
	}
	patch := map[string]any{"metadata": map[string]any{"annotations": map[string]any{wasAnnotation: nil}}}
	if p.defect == leavesRecord {
		patch = map[string]any{}
	}
	now, _, _ := unstructured.NestedFieldCopy(object.Object, c.path...)
	if now == c.value || p.defect == overwrites {
		if err := unstructured.SetNestedField(patch, was, c.path...); err != nil {
			return err
		}
	} else if p.defect != silent {
		fmt.Fprintf(p.out, "%v is left as it is: %v\n", c.path, now)
	}
	return p.patch(ctx, c.resource, "web", patch)
}

func (p played) get(ctx context.Context, resource schema.GroupVersionResource) (object *unstructured.Unstructured, err error) {
	err = p.try(ctx, func() error {
		object, err = p.client.Resource(resource).Namespace(p.namespace).Get(ctx, "web", metav1.GetOptions{})
		return err
	})
	return object, err
}

func (p played) patch(ctx context.Context, resource schema.GroupVersionResource, name string, patch map[string]any) error {
	text, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	manager := "played"
	if p.defect == ownsField {
		manager = "plimsoll"
	}
	return p.try(ctx, func() error {
		_, err := p.client.Resource(resource).Namespace(p.namespace).Patch(ctx, name, types.MergePatchType, text, metav1.PatchOptions{FieldManager: manager})
		return err
	})
}

func (p played) create(ctx context.Context, resource schema.GroupVersionResource, version, kind, name string) error {
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": name}}}
	err := p.try(ctx, func() error {
		_, err := p.client.Resource(resource).Namespace(p.namespace).Create(ctx, object, metav1.CreateOptions{FieldManager: "played"})
		return err
	})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// try does a call again until it succeeds, cannot, or ctx ends.
func (p played) try(ctx context.Context, call func() error) (err error) {
	failed := poll(ctx, 50*time.Millisecond, func() (bool, error) {
		err = call()
		final := err == nil || apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err) || p.defect == givesUp || p.defect == noCommand
		return final, nil
	})
	return errors.Join(err, failed)
}
