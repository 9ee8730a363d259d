package cluster

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Where the load's Pod finds the plan, and where it may write.
const (
	planDir  = "/plan"
	planFile = "plan"
	scratch  = "/tmp"
)

// loadPod is the Pod of a load, whose plan is in the Secret of that name.
func loadPod(j *LoadJob, secret string) corev1.PodSpec {
	requests := j.Requests
	if requests == nil {
		requests = DefaultLoadRequests()
	}
	spec := restricted(corev1.Container{
		Name:      "load",
		Image:     j.Image,
		Args:      []string{"agent", "load", "--plan", planDir + "/" + planFile, "--scratch", scratch},
		Resources: corev1.ResourceRequirements{Requests: requests},
		VolumeMounts: []corev1.VolumeMount{
			{Name: "plan", MountPath: planDir, ReadOnly: true}, {Name: "scratch", MountPath: scratch},
		},
	})
	spec.AutomountServiceAccountToken = new(false)
	spec.TerminationGracePeriodSeconds = new(int64(endWithin.Seconds()))
	spec.Affinity = awayFrom(j.Avoid, j.AvoidNamespace)
	spec.Volumes = []corev1.Volume{
		{Name: "plan", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: secret}}},
		// In memory: client keys may lie there.
		{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}},
	}
	return spec
}

// awayFrom keeps a Pod off the nodes of the Pods selected where there are others.
func awayFrom(pods *metav1.LabelSelector, namespace string) *corev1.Affinity {
	if pods == nil {
		return nil
	}
	return &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
			Weight: 100,
			PodAffinityTerm: corev1.PodAffinityTerm{
				LabelSelector: pods, Namespaces: []string{namespace}, TopologyKey: corev1.LabelHostname,
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
