package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// Labels of what Plimsoll makes in a cluster.
const (
	labelManaged   = "app.kubernetes.io/managed-by"
	labelComponent = "app.kubernetes.io/component"
	labelJob       = "batch.kubernetes.io/job-name"
)

// AgentSelector finds the Jobs, Secrets and Pods of every run's agents. They end by themselves, by their deadline, and
// are then deleted by the cluster; whoever knows that a run is dead may delete its Jobs before.
const AgentSelector = labelManaged + "=" + FieldManager + "," + labelComponent

const (
	// keepFinished is how long a Job that nobody deleted stays: long enough to read its log after a lost connection.
	keepFinished = 10 * time.Minute
	// agentUser is who agents run as: nobody, in images that have users and in those that have not.
	agentUser = 65532
	// startWithin is how long an agent's Pod may take to start, unless told otherwise.
	startWithin = time.Minute
	// stuckFor is how long a Pod may wait for what will not come by itself: a node, an image, an admission.
	stuckFor = 5 * time.Second
	// removeWithin is how long a Job may take to be deleted.
	removeWithin = 20 * time.Second
)

// agentJob is a Job with one Pod in which this program runs as an agent: "load" or "read".
type agentJob struct {
	client          *Client
	namespace, name string
	labels          map[string]string
	// within is how long its Pod may take to start.
	within  time.Duration
	created time.Time
}

// newAgentJob names the Job of an agent.
func newAgentJob(c *Client, namespace, agent string, labels map[string]string, within time.Duration) *agentJob {
	all := map[string]string{}
	maps.Copy(all, labels)
	all[labelManaged], all[labelComponent] = FieldManager, agent
	if within == 0 {
		within = startWithin
	}
	name := "plimsoll-" + agent + "-" + strings.ToLower(rand.Text()[:8])
	return &agentJob{client: c, namespace: namespace, name: name, labels: all, within: within}
}

// create makes the Job, which ends after that long at most, and then the Secret of its name where there is one, which
// it owns: whatever becomes of this program, both end with the Job. The Pod waits for the Secret. A Job's Pod is never
// tried twice: a load that began anew would be another load.
func (j *agentJob) create(ctx context.Context, pod corev1.PodSpec, deadline time.Duration, secret map[string][]byte) error {
	j.created = time.Now()
	job, err := j.client.Typed.BatchV1().Jobs(j.namespace).Create(ctx, &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: j.name, Labels: j.labels},
		Spec: batchv1.JobSpec{
			BackoffLimit:            new(int32(0)),
			ActiveDeadlineSeconds:   new(int64((j.within + deadline).Seconds())),
			TTLSecondsAfterFinished: new(int32(keepFinished.Seconds())),
			Template:                j.template(pod),
		},
	}, metav1.CreateOptions{FieldManager: FieldManager})
	if err != nil || secret == nil {
		return err
	}
	_, err = j.client.Typed.CoreV1().Secrets(j.namespace).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: j.name, Labels: j.labels,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: job.Name, UID: job.UID}},
		},
		Immutable: new(true),
		Data:      secret,
	}, metav1.CreateOptions{FieldManager: FieldManager})
	if err != nil {
		return fmt.Errorf("its Secret: %w", err)
	}
	return nil
}

func (j *agentJob) template(pod corev1.PodSpec) corev1.PodTemplateSpec {
	labels := maps.Clone(j.labels)
	// A sidecar would stand between the load and the workload, and keep the Job from ending.
	labels["sidecar.istio.io/inject"] = "false"
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: map[string]string{
			"linkerd.io/inject": "disabled", "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
		}},
		Spec: pod,
	}
}

// remove deletes the Job, and with it what it owns. It is not bound to the run's own context: it has to happen.
func (j *agentJob) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), removeWithin)
	defer cancel()
	for {
		err := j.client.Typed.BatchV1().Jobs(j.namespace).Delete(ctx, j.name, metav1.DeleteOptions{
			PropagationPolicy: new(metav1.DeletePropagationBackground),
		})
		if err == nil || apierrors.IsNotFound(err) {
			return nil
		}
		if ctx.Err() != nil || apierrors.IsForbidden(err) {
			return fmt.Errorf("job %s/%s could not be deleted; it ends by itself, or run: kubectl -n %s delete job %s: %w",
				j.namespace, j.name, j.namespace, j.name, err)
		}
		sleep(ctx, retryAfter)
	}
}

// awaitStart waits until the agent's container has started, and returns its Pod. The error says why it will not, in the
// words of the object that knows.
func (j *agentJob) awaitStart(ctx context.Context) (*corev1.Pod, error) {
	waiting := "its Pod was not made"
	var stuckSince time.Time
	for began := time.Now(); ctx.Err() == nil; sleep(ctx, retryAfter) {
		pod, err := j.pod(ctx)
		if pod != nil {
			phase, text, stuck := stateOf(pod)
			if phase != podWaiting {
				return pod, nil
			}
			waiting = join("its Pod waits", text)
			if !stuck {
				stuckSince = time.Time{}
			} else if stuckSince.IsZero() {
				stuckSince = time.Now()
			}
			if stuck && time.Since(stuckSince) > stuckFor {
				return nil, errors.New(waiting)
			}
		} else if refused := j.refusal(ctx); refused != "" {
			return nil, errors.New(refused)
		}
		if time.Since(began) > j.within {
			return nil, fmt.Errorf("not started within %v: %s", j.within, podState{text: waiting}.orError(err))
		}
	}
	return nil, ctx.Err()
}

// placeOf says where a Pod runs.
func placeOf(pod *corev1.Pod) string {
	return fmt.Sprintf("Pod %s/%s on node %s", pod.Namespace, pod.Name, pod.Spec.NodeName)
}

// pod is the Job's Pod; nil where there is none.
func (j *agentJob) pod(ctx context.Context) (*corev1.Pod, error) {
	pods, err := j.client.Typed.CoreV1().Pods(j.namespace).List(ctx, metav1.ListOptions{LabelSelector: labelJob + "=" + j.name})
	if err != nil || len(pods.Items) == 0 {
		return nil, err
	}
	return &pods.Items[0], nil
}

// refusal is why the Job could not make its Pod: a quota, a LimitRange, Pod Security, a webhook. "" where nothing is
// known to have refused it. Who may not read events learns of it by the time that passes.
func (j *agentJob) refusal(ctx context.Context) string {
	events, err := j.client.Typed.CoreV1().Events(j.namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.Set{"involvedObject.kind": "Job", "involvedObject.name": j.name, "reason": "FailedCreate"}.String(),
	})
	if err != nil || len(events.Items) == 0 {
		return ""
	}
	return events.Items[0].Message
}

// RemoveAgents deletes the Jobs of agents that bear these labels: those of a run that is dead, which would otherwise go on
// until their deadline. It does not wait for their Pods. The error says which is left.
func RemoveAgents(ctx context.Context, c *Client, namespace string, labels map[string]string) error {
	all := maps.Clone(labels)
	all[labelManaged] = FieldManager
	var jobs *batchv1.JobList
	err := Retry(ctx, func(ctx context.Context) (err error) {
		jobs, err = c.Typed.BatchV1().Jobs(namespace).List(ctx, metav1.ListOptions{LabelSelector: fields.Set(all).String()})
		return err
	})
	if err != nil {
		return fmt.Errorf("look for the Jobs of an earlier run in namespace %s: %w", namespace, err)
	}
	var problems []error
	for _, job := range jobs.Items {
		earlier := &agentJob{client: c, namespace: namespace, name: job.Name}
		problems = append(problems, earlier.remove())
	}
	return errors.Join(problems...)
}
