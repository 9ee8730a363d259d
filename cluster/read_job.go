package cluster

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// ReaderAccount is the ServiceAccount of a reader's Pod, which deploy/rbac.yaml lets read the metrics of nodes.
const ReaderAccount = "plimsoll-reader"

const (
	// readSilent and readLost: rows come every 5 seconds.
	readSilent = 20 * time.Second
	readLost   = time.Minute
)

// ReadJob reads the kubelets' counters in one Pod of a Job in the cluster, from where they can be reached, and hands on
// what its log says.
type ReadJob struct {
	Client *Client
	// Namespace of the Job, and of its ServiceAccount ReaderAccount.
	Namespace string
	// Image holds the plimsoll of this version; Args are those of its agent.
	Image string
	Args  []string
	// AtMost is how long it runs where nobody ends it.
	AtMost time.Duration
	// Labels are added to Job and Pod.
	Labels map[string]string
	// Started is told where it runs.
	Started func(place string)
	// Each is told every row and when it arrived.
	Each func(content []byte, received time.Time) error
}

// Run reads until ctx is cancelled, and returns nil then. A Pod that never started, or ended by itself, is an error in the
// words of the object that says why. Job and Pod are deleted in every case.
func (j *ReadJob) Run(ctx context.Context) (err error) {
	job := newAgentJob(j.Client, j.Namespace, "read", j.Labels, 0)
	defer func() {
		if removeErr := job.remove(); err == nil {
			err = removeErr
		}
	}()
	if err := job.create(ctx, j.pod(), j.AtMost, nil); err != nil {
		return unlessDone(ctx, fmt.Errorf("start a reader Job in namespace %s: %w", j.Namespace, err))
	}
	pod, err := job.awaitStart(ctx)
	if err != nil {
		return unlessDone(ctx, fmt.Errorf("reader Job %s/%s: %w", j.Namespace, job.name, err))
	}
	j.Started(placeOf(pod))
	log := &podLog{client: j.Client, namespace: j.Namespace, pod: pod.Name, silent: readSilent, lost: readLost}
	end, err := log.follow(ctx, func(content []byte) (bool, error) { return false, j.Each(content, time.Now()) })
	if err == nil {
		err = fmt.Errorf("it ended: %s", end+printed(log.other))
	}
	return unlessDone(ctx, fmt.Errorf("reader Job %s/%s: %w", j.Namespace, job.name, err))
}

// unlessDone is err, but nil where ctx was cancelled: then it was to end.
func unlessDone(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (j *ReadJob) pod() corev1.PodSpec {
	spec := restricted(corev1.Container{
		Name: "read", Image: j.Image, Args: append([]string{"agent", "read"}, j.Args...),
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("20m"), corev1.ResourceMemory: resource.MustParse("64Mi"),
		}},
	})
	spec.ServiceAccountName = ReaderAccount
	spec.TerminationGracePeriodSeconds = new(int64(2))
	return spec
}
