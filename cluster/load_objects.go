package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

// LoadSelector finds the load Jobs, Secrets and Pods of every run.
const LoadSelector = labelManaged + "=" + FieldManager + "," + labelComponent + "=load"

const (
	// keepFinished is how long a Job that nobody deleted stays: long enough to read its log after a lost connection.
	keepFinished = 10 * time.Minute
	// agentUser is who agents run as: nobody, in images that have users and in those that have not.
	agentUser = 65532
	planDir   = "/plan"
	planFile  = "plan"
	scratch   = "/tmp"
)

// create makes the Job, and then the Secret with the plan, which it owns: whatever becomes of this program, both end
// with the Job, and that by its own deadline. The Pod waits for the Secret.
func (l *load) create(ctx context.Context, plan []byte) error {
	l.created = time.Now()
	job, err := l.Client.Typed.BatchV1().Jobs(l.Namespace).Create(ctx, l.job(), metav1.CreateOptions{FieldManager: FieldManager})
	if err != nil {
		return err
	}
	_, err = l.Client.Typed.CoreV1().Secrets(l.Namespace).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: l.name, Labels: l.labels(),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Immutable: new(true),
		Data:      map[string][]byte{planFile: plan},
	}, metav1.CreateOptions{FieldManager: FieldManager})
	if err != nil {
		return fmt.Errorf("a Secret of %d bytes for the plan: %w", len(plan), err)
	}
	return nil
}

// remove deletes the Job, and with it what it owns. It is not bound to the run's own context: it has to happen.
func (l *load) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), removeWithin)
	defer cancel()
	for {
		err := l.Client.Typed.BatchV1().Jobs(l.Namespace).Delete(ctx, l.name, metav1.DeleteOptions{
			PropagationPolicy: new(metav1.DeletePropagationBackground),
		})
		if err == nil || apierrors.IsNotFound(err) {
			return nil
		}
		if ctx.Err() != nil || apierrors.IsForbidden(err) {
			return fmt.Errorf("the load Job could not be deleted (kubectl -n %s delete job %s): %w", l.Namespace, l.name, err)
		}
		sleep(ctx, retryAfter)
	}
}

func (l *load) labels() map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, l.Labels)
	labels[labelManaged], labels[labelComponent] = FieldManager, "load"
	return labels
}

// job is a Job of one Pod that is never tried twice: a load that began anew would be another load.
func (l *load) job() *batchv1.Job {
	startWithin := max(l.StartWithin, defaultStartWithin)
	deadline := startWithin + l.plan.Scenario.Duration() + l.plan.Grace + endWithin
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: l.name, Labels: l.labels()},
		Spec: batchv1.JobSpec{
			BackoffLimit:            new(int32(0)),
			ActiveDeadlineSeconds:   new(int64(deadline.Seconds())),
			TTLSecondsAfterFinished: new(int32(keepFinished.Seconds())),
			Template:                l.template(),
		},
	}
}

func (l *load) template() corev1.PodTemplateSpec {
	labels := l.labels()
	// A sidecar would stand between the load and the workload, and keep the Job from ending.
	labels["sidecar.istio.io/inject"] = "false"
	requests := l.Requests
	if requests == nil {
		requests = DefaultLoadRequests()
	}
	spec := restricted(corev1.Container{
		Name:      "load",
		Image:     l.Image,
		Args:      []string{"agent", "load", "--plan", planDir + "/" + planFile, "--scratch", scratch},
		Resources: corev1.ResourceRequirements{Requests: requests},
		VolumeMounts: []corev1.VolumeMount{
			{Name: "plan", MountPath: planDir, ReadOnly: true}, {Name: "scratch", MountPath: scratch},
		},
	})
	spec.AutomountServiceAccountToken = new(false)
	spec.TerminationGracePeriodSeconds = new(int64(endWithin.Seconds()))
	spec.Affinity = l.affinity()
	spec.Volumes = []corev1.Volume{
		{Name: "plan", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: l.name}}},
		// In memory: client keys may lie there.
		{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}},
	}
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: map[string]string{
			"linkerd.io/inject": "disabled", "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
		}},
		Spec: spec,
	}
}

// affinity keeps the load away from the nodes of the workload where there are others.
func (l *load) affinity() *corev1.Affinity {
	if l.Avoid == nil {
		return nil
	}
	return &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
			Weight: 100,
			PodAffinityTerm: corev1.PodAffinityTerm{
				LabelSelector: l.Avoid, Namespaces: []string{l.AvoidNamespace}, TopologyKey: corev1.LabelHostname,
			},
		}},
	}}
}

// restricted is the Pod of one container that the "restricted" Pod Security Standard admits
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/), and that is never started a second time.
func restricted(c corev1.Container) corev1.PodSpec {
	c.ImagePullPolicy = corev1.PullIfNotPresent
	c.TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
	c.SecurityContext = &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false),
		ReadOnlyRootFilesystem:   new(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
	return corev1.PodSpec{
		Containers:         []corev1.Container{c},
		RestartPolicy:      corev1.RestartPolicyNever,
		EnableServiceLinks: new(false),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: new(true), RunAsUser: new(int64(agentUser)), RunAsGroup: new(int64(agentUser)),
			FSGroup:        new(int64(agentUser)),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}
}

// awaitStart waits until the load's container has started, and returns its Pod. The error says why it will not, in the
// words of the object that knows.
func (l *load) awaitStart(ctx context.Context) (*corev1.Pod, error) {
	within := l.StartWithin
	if within == 0 {
		within = defaultStartWithin
	}
	waiting := "its Pod was not made"
	var stuckSince time.Time
	for began := time.Now(); ctx.Err() == nil; sleep(ctx, retryAfter) {
		pod, err := l.pod(ctx)
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
		} else if refused := l.refusal(ctx); refused != "" {
			return nil, errors.New(refused)
		}
		if time.Since(began) > within {
			return nil, fmt.Errorf("not started within %v: %s", within, podState{text: waiting}.orError(err))
		}
	}
	return nil, ctx.Err()
}

// pod is the Job's Pod; nil where there is none.
func (l *load) pod(ctx context.Context) (*corev1.Pod, error) {
	pods, err := l.Client.Typed.CoreV1().Pods(l.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labelJob + "=" + l.name})
	if err != nil || len(pods.Items) == 0 {
		return nil, err
	}
	return &pods.Items[0], nil
}

// refusal is why the Job could not make its Pod: a quota, a LimitRange, Pod Security, a webhook. "" where nothing is
// known to have refused it. Who may not read events learns of it by the time that passes.
func (l *load) refusal(ctx context.Context) string {
	events, err := l.Client.Typed.CoreV1().Events(l.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.Set{"involvedObject.kind": "Job", "involvedObject.name": l.name, "reason": "FailedCreate"}.String(),
	})
	if err != nil || len(events.Items) == 0 {
		return ""
	}
	return events.Items[0].Message
}
