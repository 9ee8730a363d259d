//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// hitsMetric is the one metric the adapter serves, of Pods: hits per second. Its value is the annotation of the same name
// under plimsoll.test/, where the Pod has it, and otherwise the gauge of that name at /metrics of its first port.
const (
	hitsMetric     = "hits_per_second"
	hitsAnnotation = "plimsoll.test/" + hitsMetric
	metricsGroup   = "custom.metrics.k8s.io/v1beta1"
)

// adapter answers for custom.metrics.k8s.io, enough of it for an HPA with a metric of type Pods.
type adapter struct {
	server string
	client *http.Client // with the administrator's certificate
	scrape *http.Client
}

// podList is what the adapter reads of Pods.
type podList struct {
	Items []struct {
		Metadata struct {
			Name, Namespace string
			Annotations     map[string]string
		}
		Spec struct {
			Containers []struct {
				Ports []struct{ ContainerPort int }
			}
		}
		Status struct{ Phase, PodIP string }
	}
}

// serveCustomMetrics runs the adapter on port 4444; it finds the cluster by the files in its working directory.
func serveCustomMetrics(ctx context.Context) error {
	pair, err := tls.LoadX509KeyPair("pki/admin.crt", "pki/admin.key")
	if err != nil {
		return fmt.Errorf("reading the administrator's certificate: %w", err)
	}
	ca, err := os.ReadFile("pki/ca.crt")
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	a := adapter{server: "https://127.0.0.1:6443", scrape: &http.Client{Timeout: 2 * time.Second},
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}}}}
	server := http.Server{Addr: ":4444", Handler: a.handler(), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	return server.ListenAndServeTLS("pki/webhook.crt", "pki/webhook.key")
}

func (a adapter) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /apis/"+metricsGroup, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": metricsGroup,
			"resources": []any{map[string]any{"name": "pods/" + hitsMetric, "singularName": "", "namespaced": true,
				"kind": "MetricValueList", "verbs": []string{"get"}}}})
	})
	mux.HandleFunc("GET /apis/"+metricsGroup+"/namespaces/{namespace}/pods/{pod}/"+hitsMetric, a.values)
	return mux
}

// values answers with the metric of one Pod, or of all that a selector matches where the name is "*".
func (a adapter) values(w http.ResponseWriter, r *http.Request) {
	query := url.Values{"labelSelector": {r.URL.Query().Get("labelSelector")}}
	if pod := r.PathValue("pod"); pod != "*" {
		query.Set("fieldSelector", "metadata.name="+pod)
	}
	pods, err := a.pods(r.Context(), r.PathValue("namespace"), query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	items := []any{}
	for _, pod := range pods.Items {
		value, ok := parse(pod.Metadata.Annotations[hitsAnnotation])
		if !ok && pod.Status.PodIP != "" && len(pod.Spec.Containers) > 0 && len(pod.Spec.Containers[0].Ports) > 0 {
			value, ok = a.gauge(r.Context(), pod.Status.PodIP, pod.Spec.Containers[0].Ports[0].ContainerPort)
		}
		if !ok || pod.Status.Phase != "Running" {
			continue // a Pod without a value is missing in the answer, as a real adapter leaves it out
		}
		items = append(items, map[string]any{
			"describedObject": map[string]any{"kind": "Pod", "apiVersion": "/v1", "name": pod.Metadata.Name, "namespace": pod.Metadata.Namespace},
			"metricName":      hitsMetric, "timestamp": time.Now().UTC().Format(time.RFC3339),
			"value": fmt.Sprintf("%dm", int(math.Round(1000*value))),
		})
	}
	answer(w, map[string]any{"kind": "MetricValueList", "apiVersion": metricsGroup, "metadata": map[string]any{}, "items": items})
}

func (a adapter) pods(ctx context.Context, namespace string, query url.Values) (podList, error) {
	address := a.server + "/api/v1/namespaces/" + url.PathEscape(namespace) + "/pods?" + query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return podList{}, err
	}
	reply, err := a.client.Do(request)
	if err != nil {
		return podList{}, fmt.Errorf("listing Pods: %w", err)
	}
	defer func() { _ = reply.Body.Close() }()
	if reply.StatusCode != http.StatusOK {
		return podList{}, fmt.Errorf("listing Pods: %s", reply.Status)
	}
	var pods podList
	return pods, json.NewDecoder(reply.Body).Decode(&pods)
}

// gauge reads the metric from a Pod; not ok where it does not answer or does not have it.
func (a adapter) gauge(ctx context.Context, address string, port int) (value float64, ok bool) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s:%d/metrics", address, port), nil)
	if err != nil {
		return 0, false
	}
	reply, err := a.scrape.Do(request)
	if err != nil {
		return 0, false
	}
	defer func() { _ = reply.Body.Close() }()
	for lines := bufio.NewScanner(reply.Body); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), hitsMetric+" "); found {
			return parse(text)
		}
	}
	return 0, false
}

func parse(text string) (value float64, ok bool) {
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return value, err == nil
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody to tell
}
