package kube

import (
	"context"
	"fmt"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/plimsoll/plimsoll/cluster"
)

// ServiceAddress is the name of a Service and its address, host:port, at which it sends to the port of the workload under
// test, whichever Pods there are. The error says that there is none, or that Services can't be read.
func (k *Kube) ServiceAddress(ctx context.Context) (name, address string, err error) {
	o, err := k.objects.read(ctx, k.target.Object)
	if err != nil {
		return "", "", err
	}
	t, err := o.template()
	if err != nil {
		return "", "", err
	}
	all, err := k.servicesOf(ctx, t)
	if err != nil {
		return "", "", err
	}
	for _, s := range all {
		if s.Spec.ClusterIP == "" || s.Spec.ClusterIP == core.ClusterIPNone {
			continue
		}
		for _, p := range s.Spec.Ports {
			if to := portOf(t.Spec, p.TargetPort); (p.Protocol == "" || p.Protocol == core.ProtocolTCP) && to == k.file.Workload.Port {
				return s.Name, hostPort(s.Spec.ClusterIP, int(p.Port)), nil
			}
		}
	}
	return "", "", fmt.Errorf("no Service with an address of its own sends to port %d of its Pods", k.file.Workload.Port)
}

// portOf is the number of a port of the Pods that a Service names or numbers; 0 where no container has one of that name.
func portOf(spec core.PodSpec, p intstr.IntOrString) int {
	if p.Type == intstr.Int {
		return p.IntValue()
	}
	for _, c := range long(spec) {
		for _, x := range c.Ports {
			if x.Name == p.StrVal {
				return int(x.ContainerPort)
			}
		}
	}
	return 0
}

// servicesOf are those that send to Pods of t.
func (k *Kube) servicesOf(ctx context.Context, t core.PodTemplateSpec) ([]core.Service, error) {
	var list *core.ServiceList
	err := cluster.Retry(ctx, func(ctx context.Context) (err error) {
		list, err = k.client.Typed.CoreV1().Services(k.target.Namespace).List(ctx, meta.ListOptions{})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list services in namespace %s: %w", k.target.Namespace, err)
	}
	var all []core.Service
	for _, s := range list.Items {
		if len(s.Spec.Selector) > 0 && labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(t.Labels)) {
			all = append(all, s)
		}
	}
	return all, nil
}
