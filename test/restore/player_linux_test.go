package restore

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// nodeName is the one node of the cluster.
const nodeName = "node"

// player plays scheduler and kubelet: it binds every Pod to the node, makes it Ready at once with the resources of its
// spec, follows a resize, and lets go of a deleted Pod.
type player struct {
	client kubernetes.Interface
	pods   cache.SharedIndexInformer
	// told are the Pods to look at, by namespace/name.
	told chan string
	// born is when the player first made a container run, by Pod UID.
	mu   sync.Mutex
	born map[types.UID]time.Time
	// held are the namespaces whose new Pods do not start yet.
	held map[string]bool
}

// newPlayer makes the node and plays until the test ends.
func newPlayer(t *testing.T, client kubernetes.Interface) *player {
	t.Helper()
	p := &player{client: client, told: make(chan string, 10000), born: map[types.UID]time.Time{}, held: map[string]bool{}}
	if err := p.makeNode(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.pods = informers.NewSharedInformerFactory(client, 0).Core().V1().Pods().Informer() // indexed by namespace
	tell := func(object any) {
		if key, err := cache.MetaNamespaceKeyFunc(object); err == nil {
			p.told <- key
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: tell, UpdateFunc: func(_, object any) { tell(object) }}
	if _, err := p.pods.AddEventHandler(handler); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var playing sync.WaitGroup
	playing.Go(func() { p.pods.Run(ctx.Done()) })
	for range 8 {
		playing.Go(func() { p.play(ctx) })
	}
	t.Cleanup(func() { stop(); playing.Wait() })
	return p
}

func (p *player) makeNode(ctx context.Context) error {
	size := corev1.ResourceList{"cpu": resource.MustParse("64"), "memory": resource.MustParse("256Gi"), "pods": resource.MustParse("1000")}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName, Labels: map[string]string{"kubernetes.io/hostname": nodeName}},
		Status: corev1.NodeStatus{Capacity: size, Allocatable: size,
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastHeartbeatTime: metav1.Now()}},
			Addresses:  []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "127.0.0.1"}},
			NodeInfo:   corev1.NodeSystemInfo{KubeletVersion: "v1.35.4", KernelVersion: "6.12.0", ContainerRuntimeVersion: "containerd://2.4.2", OperatingSystem: "linux", Architecture: "amd64"}}}
	made, err := p.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	made.Status = node.Status
	if _, err = p.client.CoreV1().Nodes().UpdateStatus(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	// The API server taints a new node until a node controller has seen it Ready.
	_, err = p.client.CoreV1().Nodes().Patch(ctx, nodeName, types.MergePatchType, []byte(`{"spec":{"taints":null}}`), metav1.PatchOptions{})
	return err
}

// play looks at the Pods it is told of until ctx ends. What fails, the API server being away for one, it tries again.
func (p *player) play(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case key := <-p.told:
			object, there, err := p.pods.GetStore().GetByKey(key)
			if err != nil || !there {
				continue
			}
			if err := p.tend(ctx, object.(*corev1.Pod)); err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
				time.AfterFunc(100*time.Millisecond, func() { p.told <- key })
			}
		}
	}
}

// tend does the next thing that a kubelet would do for a Pod.
func (p *player) tend(ctx context.Context, pod *corev1.Pod) error {
	pods := p.client.CoreV1().Pods(pod.Namespace)
	switch {
	case pod.DeletionTimestamp != nil:
		now := int64(0)
		return pods.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID}})
	case pod.Spec.NodeName == "":
		return pods.Bind(ctx, &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, UID: pod.UID}, Target: corev1.ObjectReference{Kind: "Node", Name: nodeName}},
			metav1.CreateOptions{})
	case (pod.Status.Phase != corev1.PodRunning || pod.Status.ObservedGeneration != pod.Generation) && !p.holds(pod.Namespace):
		running := pod.DeepCopy()
		running.Status = p.running(pod)
		_, err := pods.UpdateStatus(ctx, running, metav1.UpdateOptions{})
		return err
	}
	return nil
}

// hold keeps new Pods of a namespace from starting, until release.
func (p *player) hold(namespace string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[namespace] = true
}

func (p *player) release(namespace string) {
	p.mu.Lock()
	delete(p.held, namespace)
	p.mu.Unlock()
	for _, pod := range p.in(namespace) {
		p.told <- namespace + "/" + pod.Name
	}
}

func (p *player) holds(namespace string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held[namespace]
}

// running is the status of a Pod whose containers run with the resources of its spec.
func (p *player) running(pod *corev1.Pod) corev1.PodStatus {
	began := metav1.NewTime(p.bornAt(pod.UID))
	s := corev1.PodStatus{Phase: corev1.PodRunning, ObservedGeneration: pod.Generation, StartTime: &began, QOSClass: pod.Status.QOSClass,
		HostIP: "127.0.0.1", PodIP: "127.0.0.1", PodIPs: []corev1.PodIP{{IP: "127.0.0.1"}}, HostIPs: []corev1.HostIP{{IP: "127.0.0.1"}}}
	for _, kind := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		s.Conditions = append(s.Conditions, corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: began, ObservedGeneration: pod.Generation})
	}
	for _, c := range pod.Spec.InitContainers {
		s.InitContainerStatuses = append(s.InitContainerStatuses, runningContainer(pod, c, began))
	}
	for _, c := range pod.Spec.Containers {
		s.ContainerStatuses = append(s.ContainerStatuses, runningContainer(pod, c, began))
	}
	return s
}

func (p *player) bornAt(pod types.UID) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.born[pod]; !known {
		p.born[pod] = time.Now().Truncate(time.Second)
	}
	return p.born[pod]
}

// containerID is the same for a container as long as its Pod lives: it never restarts.
func containerID(pod *corev1.Pod, container string) string {
	return fmt.Sprintf("%s-%s", pod.UID, container)
}

func runningContainer(pod *corev1.Pod, c corev1.Container, began metav1.Time) corev1.ContainerStatus {
	yes := true
	return corev1.ContainerStatus{Name: c.Name, Image: c.Image, ImageID: c.Image, Ready: true, Started: &yes,
		ContainerID: "containerd://" + containerID(pod, c.Name), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: began}},
		AllocatedResources: c.Resources.Requests, Resources: c.Resources.DeepCopy()}
}

// in are the Pods of a namespace that are not being deleted.
func (p *player) in(namespace string) []*corev1.Pod {
	objects, err := p.pods.GetIndexer().ByIndex(cache.NamespaceIndex, namespace)
	if err != nil {
		return nil // the index is there: it was made with the informer
	}
	var pods []*corev1.Pod
	for _, object := range objects {
		if pod := object.(*corev1.Pod); pod.DeletionTimestamp == nil {
			pods = append(pods, pod)
		}
	}
	return pods
}
