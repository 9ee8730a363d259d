package kube

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/plimsoll/plimsoll/tuner"
)

func unstructuredOf(m map[string]any) unstructured.Unstructured {
	return unstructured.Unstructured{Object: m}
}

func hostPort(ip string, port int) string { return net.JoinHostPort(ip, strconv.Itoa(port)) }

// bareID is a container's ID without the scheme of its runtime.
func bareID(id string) string {
	if _, bare, ok := strings.Cut(id, "://"); ok {
		return bare
	}
	return id
}

func (w *watch) foreignChanges() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.foreign)
}

// disturbed doubts a trial that a Pod did not live through, for another reason than its containers.
func disturbed(pods []*core.Pod) []tuner.Doubt {
	var all []tuner.Doubt
	for i, p := range pods {
		name, why := "Pod "+p.Name, ""
		switch {
		case p.Name == "":
			name, why = "the Pod", "is gone"
		case p.Status.Phase == core.PodFailed:
			why = "has failed: " + cmp.Or(p.Status.Reason, "no reason given") + " " + p.Status.Message
		case p.DeletionTimestamp != nil:
			why = "is being deleted"
		}
		for _, c := range p.Status.Conditions {
			if c.Type == core.DisruptionTarget && c.Status == core.ConditionTrue {
				why = cmp.Or(why, "is disturbed") + ": " + c.Reason + " " + c.Message
			}
		}
		if why != "" {
			all = append(all, tuner.Doubt{Kind: tuner.NodeDisturbed, Text: strings.TrimSpace(fmt.Sprintf("%s of replica %d %s", name, i, why))})
		}
	}
	return all
}
