package compat

import (
	"testing"
	"time"

	"github.com/plimsoll/plimsoll/scenarios"
	"github.com/plimsoll/plimsoll/tuner"
)

func (s Snapshot) quota(items ...QuotaItem) Snapshot {
	s.Quotas = append(s.Quotas, Quota{Ref: Ref{"v1", "ResourceQuota", "shop", "team"}, Items: items})
	return s
}

func (s Snapshot) scoped(scope Scope) Snapshot {
	s.Quotas[0].Scopes = append(s.Quotas[0].Scopes, scope)
	return s
}

func (s Snapshot) nodes(nodes ...Node) Snapshot { s.Nodes = nodes; return s }

// running adds Pods as the template has them.
func (s Snapshot) running(n int) Snapshot {
	for range n {
		s.Pods = append(s.Pods, Pod{Name: "web-1", Containers: s.Workload.Containers})
	}
	return s
}

func (s Snapshot) ranged(l LimitRange) Snapshot {
	l.Ref = Ref{"v1", "LimitRange", "shop", "team"}
	s.LimitRanges = append(s.LimitRanges, l)
	return s
}

func TestR7ReplicaBounds(t *testing.T) {
	bounds := func(least, most int) func(*HPA) { return func(h *HPA) { h.Min, h.Max = least, most } }
	node := func(cpu scenarios.MilliCPU) Node {
		return Node{Name: "n", Allocatable: Amounts{cpu, 16 << 30}, Pods: 110}
	}
	alone := app().hpa(tuner.CPU, 50).vpa(Recreate).edit(bounds(1, 10))
	allowed := app().hpa(tuner.CPU, 50).vpa(Recreate).edit(bounds(1, 10))
	allowed.VPAs[0].MinReplicas = new(1)
	checkRule(t, "R7", []ruleCase{
		// 10 × 500m = 5000m > 4500m; 4500 ÷ 500 = 9
		{name: "quota too small", snapshot: app().hpa(tuner.CPU, 50).quota(QuotaItem{Name: "requests.cpu", Hard: 4500}), severity: Error, why: []string{"maxReplicas 10 needs 5000m of requests.cpu", "leaves 4500m", "number 9"}, mend: []string{"maxReplicas: 9"}},
		{name: "quota just enough", snapshot: app().hpa(tuner.CPU, 50).quota(QuotaItem{Name: "cpu", Hard: 5000})},
		// hard 5000m, used 2500m of which 2 Pods × 500m are its own: others use 1500m, 3500m are left: 7 Pods
		{name: "others use some", snapshot: app().hpa(tuner.CPU, 50).running(2).quota(QuotaItem{Name: "requests.cpu", Hard: 5000, Used: new(int64(2500))}), severity: Error, why: []string{"leaves 3500m"}, mend: []string{"maxReplicas: 7"}},
		{name: "not even minReplicas", snapshot: app().hpa(tuner.CPU, 50).quota(QuotaItem{Name: "limits.memory", Hard: int64(256 * mi)}), severity: Error, why: []string{"number 1 are refused"}, mend: []string{"limits.memory: 2560Mi"}},
		{name: "pods", snapshot: app().hpa(tuner.CPU, 50).quota(QuotaItem{Name: "pods", Hard: 9}), severity: Error, why: []string{"needs 10 of Pods"}},
		{name: "another scope", snapshot: app().hpa(tuner.CPU, 50).quota(QuotaItem{Name: "pods", Hard: 9}).scoped(Scope{Name: "BestEffort"})},
		{name: "its priority class", snapshot: app().hpa(tuner.CPU, 50).quota(QuotaItem{Name: "pods", Hard: 9}).scoped(Scope{Name: "PriorityClass", Operator: "In", Values: []string{"high"}})},
		// 2 nodes × floor(2000 ÷ 500) = 8
		{name: "nodes too small", snapshot: app().hpa(tuner.CPU, 50).nodes(node(2000), node(2499)), severity: Warning, why: []string{"at most 8 Pods that request 500m CPU and 256Mi", "2 nodes"}, mend: []string{"maxReplicas: 8"}},
		{name: "nodes just enough", snapshot: app().hpa(tuner.CPU, 50).nodes(node(2500), node(2500))},
		{name: "no node is large enough", snapshot: app().hpa(tuner.CPU, 50).nodes(node(400)), severity: Error, why: []string{"at most 0 Pods"}},
		{name: "fixed", snapshot: app().hpa(tuner.CPU, 50).edit(bounds(3, 3)), severity: Warning, why: []string{"both 3"}},
		{name: "crossed", snapshot: app().hpa(tuner.CPU, 50).edit(bounds(4, 3)), severity: Error, why: []string{"3 is below minReplicas 4"}},
		{name: "the VPA waits for two", snapshot: alone, severity: Warning, why: []string{"fewer than 2 replicas", "may be 1"}, mend: []string{"minReplicas: 1"}},
		{name: "the VPA may act on one", snapshot: allowed},
	})
}

func TestR8Overrides(t *testing.T) {
	bounded := Policy{Container: "app", Min: Amounts{500, 256 * mi}}
	low := Policy{Container: "app", Min: Amounts{100, 256 * mi}}
	drifted := app().running(1)
	drifted.Pods[0].ByVPA = true
	drifted.Pods[0].Containers = []Container{{Name: "app", Role: App, Resources: scenarios.Resources{CPURequest: 25, CPULimit: 25, MemoryRequest: 256 * mi, MemoryLimit: 256 * mi}}}
	hooked := app()
	hooked.Webhooks = []string{"cert-manager-webhook", "castai-pod-mutator"}
	same := derived(500, 500, 256*mi, 256*mi)
	checkRule(t, "R8", []ruleCase{
		{name: "a free VPA", snapshot: app().vpa(Recreate), measured: same, severity: Error, why: []string{"CPU request below 500m, CPU limit in proportion", "once a minute", "undo what the trials derived"},
			mend: []string{"controlledValues: RequestsOnly", "cpu: 500m", "memory: 256Mi"}},
		{name: "nothing derived", snapshot: app().vpa(Initial), severity: Warning, why: []string{"as Pods are created"}},
		{name: "bounded by what it shall keep", snapshot: app().vpa(Recreate, bounded), measured: same},
		{name: "bounded too low", snapshot: app().vpa(Recreate, low), measured: same, severity: Error, why: []string{"CPU request down to 100m"}},
		{name: "off", snapshot: app().vpa(Off), measured: same},
		{name: "off for the container", snapshot: app().vpa(Recreate, Policy{Container: "*", Off: true}), measured: same},
		{name: "a Pod differs", snapshot: drifted, severity: Warning, why: []string{"the template says 500m, the Pod carries 25m", "VPA left its annotation"}},
		{name: "a webhook", snapshot: hooked, severity: Warning, why: []string{"castai"}},
	})
}

func TestR9OutsidePolicy(t *testing.T) {
	policy := func(least, most Amounts) Policy { return Policy{Container: "*", Min: least, Max: most} }
	checkRule(t, "R9", []ruleCase{
		{name: "below minAllowed", snapshot: app().vpa(Recreate, policy(Amounts{501, 256 * mi}, Amounts{})), measured: derived(500, 500, 256*mi, 256*mi), severity: Error, why: []string{"is 500m", "raises it to its minAllowed of 501m"}},
		{name: "at minAllowed", snapshot: app().vpa(Recreate, policy(Amounts{500, 256 * mi}, Amounts{})), measured: derived(500, 500, 256*mi, 256*mi)},
		{name: "above maxAllowed", snapshot: app().vpa(Recreate, policy(Amounts{}, Amounts{499, 0})), severity: Warning, why: []string{"lowers it to its maxAllowed of 499m"}},
		// 250 MiB for a Pod with one container; RequestsAndLimits moves the limit too
		{name: "below the floor", snapshot: app().vpa(Recreate, Policy{Container: "*", Limits: true}), measured: derived(300, 300, 77*mi, 78*mi), severity: Error, why: []string{"is 77Mi", "never recommends less than 250Mi", "raises it to 250Mi"}, mend: []string{"maxAllowed:\n        cpu: 300m\n        memory: 77Mi"}},
		{name: "the limit caps the floor", snapshot: app().vpa(Recreate, policy(Amounts{}, Amounts{})), measured: derived(300, 300, 77*mi, 78*mi), severity: Error, why: []string{"raises it to 78Mi"}},
		{name: "at the limit already", snapshot: app().vpa(Recreate, policy(Amounts{}, Amounts{})), measured: derived(300, 300, 78*mi, 78*mi)},
		{name: "two containers share the floor", snapshot: app().with(Container{Name: "b", Role: App}).vpa(Recreate, Policy{Container: "app", Limits: true}), measured: derived(300, 300, 125*mi, 125*mi)},
		{name: "off", snapshot: app().vpa(Off), measured: derived(10, 10, mi, mi)},
	})
}

func TestR10GrowingLimits(t *testing.T) {
	both := func(most Amounts) Policy { return Policy{Container: "*", Limits: true, Max: most} }
	wide := app().limits(100, 400, 256*mi, 256*mi) // ratio 4
	checkRule(t, "R10", []ruleCase{
		{name: "nothing bounds it", snapshot: wide.vpa(Recreate), severity: Warning, why: []string{"is 4 times its request", "no maxAllowed"}, mend: []string{"RequestsOnly"}},
		{name: "above a LimitRange", snapshot: wide.ranged(LimitRange{Max: Amounts{CPU: 1999}, Default: Amounts{CPU: 400}}).vpa(Recreate, both(Amounts{CPU: 500})), severity: Error, why: []string{"at maxAllowed 500m it is 2000m, above the max of LimitRange team of 1999m"}},
		{name: "at the LimitRange", snapshot: wide.ranged(LimitRange{Max: Amounts{CPU: 2000}}).vpa(Recreate, both(Amounts{CPU: 500}))},
		{name: "above every node", snapshot: wide.nodes(Node{Allocatable: Amounts{CPU: 1900}}).vpa(Recreate, both(Amounts{CPU: 500})), severity: Error, why: []string{"largest node"}},
		{name: "above the derived limit", snapshot: wide.vpa(Recreate, both(Amounts{CPU: 200})), measured: derived(100, 400, 256*mi, 256*mi), severity: Error, why: []string{"it is 800m, above the derived limit of 400m"}},
		{name: "requests only", snapshot: wide.vpa(Recreate, Policy{Container: "*"})},
		{name: "ratio 1", snapshot: app().vpa(Recreate)},
	})
}

func TestR11OutsideRange(t *testing.T) {
	written := []any{map[string]any{"type": "Container", "max": map[string]any{"cpu": "400m"}}}
	checkRule(t, "R11", []ruleCase{
		{name: "above max", snapshot: app().ranged(LimitRange{Max: Amounts{CPU: 499}, Written: written}), severity: Error, why: []string{"CPU limit of 500m is above the max of 499m"}, mend: []string{"type: Container", "cpu: 500m"}},
		{name: "at max", snapshot: app().ranged(LimitRange{Max: Amounts{CPU: 500}})},
		{name: "below min", snapshot: app().ranged(LimitRange{Min: Amounts{Memory: 257 * mi}}), severity: Error, why: []string{"256Mi is below the min of 257Mi"}},
		{name: "ratio", snapshot: app().limits(100, 500, 256*mi, 256*mi).ranged(LimitRange{RatioCPU: 4}), severity: Error, why: []string{"5 times the request of 100m", "maxLimitRequestRatio of 4"}},
		{name: "ratio kept", snapshot: app().limits(125, 500, 256*mi, 256*mi).ranged(LimitRange{RatioCPU: 4})},
		{name: "no CPU limit stays none", snapshot: app().limits(100, 0, 256*mi, 256*mi).ranged(LimitRange{Default: Amounts{CPU: 300}}), severity: Warning, why: []string{"states no CPU limit", "limited to 300m"}},
		{name: "the Pod as a whole", snapshot: app().with(Container{Name: "b", Role: App, Resources: scenarios.Resources{CPURequest: 100, CPULimit: 100}}).ranged(LimitRange{Pod: true, Max: Amounts{CPU: 599}}), severity: Error, why: []string{"600m is above the max of 599m"}},
		{name: "a VPA below min", snapshot: app().vpa(Recreate, Policy{Container: "app", Max: Amounts{CPU: 50}}).ranged(LimitRange{Min: Amounts{CPU: 100}}), severity: Error, why: []string{"maxAllowed 50m of app is below the min of 100m", "every Pod it changes is evicted and then refused"}, mend: []string{"maxAllowed:\n        cpu: 500m"}},
		{name: "a VPA may go too far", snapshot: app().vpa(Recreate, Policy{Container: "app", Max: Amounts{CPU: 2000}}).ranged(LimitRange{Max: Amounts{CPU: 1000}}), severity: Warning, why: []string{"maxAllowed 2000m of app is above the max of 1000m"}},
	})
}

func TestR12OverQuota(t *testing.T) {
	full := app()
	full.Workload.Refused = `pods "web-1" is forbidden: exceeded quota: team`
	checkRule(t, "R12", []ruleCase{
		// 3 replicas and 25 % = 1 surge: 4 × 500m = 2000m
		{name: "no room to surge", snapshot: app().quota(QuotaItem{Name: "requests.cpu", Hard: 1999}), severity: Error, why: []string{"3 + 1 Pods at 500m, 2000m of requests.cpu", "leaves 1999m"}, mend: []string{"requests.cpu: 2000m"}},
		{name: "just room", snapshot: app().quota(QuotaItem{Name: "requests.cpu", Hard: 2000})},
		{name: "what it uses itself is free", snapshot: app().running(3).quota(QuotaItem{Name: "pods", Hard: 4, Used: new(int64(3))})},
		{name: "others are in the way", snapshot: app().running(3).quota(QuotaItem{Name: "pods", Hard: 4, Used: new(int64(4))}), severity: Error, why: []string{"leaves 3"}},
		{name: "a limit is asked for", snapshot: app().limits(100, 0, 256*mi, 256*mi).quota(QuotaItem{Name: "limits.cpu", Hard: 99000}), severity: Error, why: []string{"refuses every Pod", "no CPU limit, and app has none"}},
		// An HPA that is on its way from 1 to its 2: ceil(25 % of 2) = 1, 3 × 500m
		{name: "at the HPA's minimum at least", snapshot: app().hpa(tuner.CPU, 50).edit(func(h *HPA) { h.Current, h.Max = 1, 2 }).quota(QuotaItem{Name: "requests.cpu", Hard: 1499}), severity: Error, why: []string{"2 + 1 Pods at 500m"}},
		{name: "refused already", snapshot: full, severity: Error, why: []string{"exceeded quota: team"}},
		{name: "derived limits fit", snapshot: app().quota(QuotaItem{Name: "requests.cpu", Hard: 1999}), measured: derived(400, 400, 256*mi, 256*mi)},
	})
}

func TestR13ChangedQoS(t *testing.T) {
	checkRule(t, "R13", []ruleCase{
		{name: "no longer Guaranteed", snapshot: app(), measured: derived(400, 500, 256*mi, 256*mi), severity: Warning, why: []string{"Burstable instead of Guaranteed"}, mend: []string{"requests:\n", "cpu: 500m"}},
		{name: "becomes Guaranteed", snapshot: app().limits(400, 500, 256*mi, 256*mi), measured: derived(500, 500, 256*mi, 256*mi), severity: Warning, why: []string{"Guaranteed instead of Burstable"}},
		{name: "stays", snapshot: app(), measured: derived(300, 300, 128*mi, 128*mi)},
		{name: "an init container makes it Burstable anyway", snapshot: app().with(Container{Name: "i", Role: Init}), measured: derived(400, 500, 256*mi, 256*mi)},
	})
}

func TestR14ResizeInPlace(t *testing.T) {
	restarts := app()
	restarts.Workload.Containers[0].RestartsOn = []tuner.Resource{tuner.CPU}
	old := app()
	old.Server = 32
	borderline := app()
	borderline.Server = 33
	checkRule(t, "R14", []ruleCase{
		{name: "restarts", snapshot: restarts, measured: derived(300, 300, 256*mi, 256*mi), severity: Warning, why: []string{"restarts it"}, mend: []string{"resourceName: cpu", "NotRequired"}},
		{name: "restarts on what does not change", snapshot: restarts, measured: derived(500, 500, 300*mi, 300*mi)},
		{name: "a lower memory limit", snapshot: app(), measured: derived(500, 500, 255*mi, 255*mi), severity: Warning, why: []string{"lowers the memory limit to 255Mi only while"}},
		{name: "a higher one", snapshot: app(), measured: derived(500, 500, 257*mi, 257*mi)},
		{name: "a limit is removed", snapshot: app(), measured: derived(500, 0, 256*mi, 256*mi), severity: Warning, why: []string{"CPU limit can't be removed"}},
		{name: "too old", snapshot: old, measured: derived(300, 300, 256*mi, 256*mi), severity: Warning, why: []string{"1.32", "1.33 is the first"}},
		{name: "just new enough", snapshot: borderline, measured: derived(300, 300, 256*mi, 256*mi)},
	})
}

func TestR15NoDisruption(t *testing.T) {
	pdb := func(p PDB) Snapshot {
		s := app()
		p.Ref = Ref{"policy/v1", "PodDisruptionBudget", "shop", "web"}
		s.PDBs = []PDB{p}
		return s
	}
	checkRule(t, "R15", []ruleCase{
		{name: "all must stay", snapshot: pdb(PDB{MinAvailable: &Share{3, false}}), severity: Info, why: []string{"minAvailable 3 of 3 Pods is 3"}, mend: []string{"minAvailable: null", "maxUnavailable: 1"}},
		{name: "none may go, and a VPA evicts", snapshot: pdb(PDB{MaxUnavailable: &Share{0, true}}).vpa(Recreate), severity: Warning, why: []string{"by eviction, so it never does"}},
		{name: "one may go", snapshot: pdb(PDB{MinAvailable: &Share{2, false}})},
		// 67 % of 3 = 2.01, rounded up 3
		{name: "a percentage rounds up", snapshot: pdb(PDB{MinAvailable: &Share{67, true}}), severity: Info, why: []string{"67 % of 3 Pods is 3"}},
		{name: "66 % leaves one", snapshot: pdb(PDB{MinAvailable: &Share{66, true}})},
		{name: "at the HPA's minimum", snapshot: pdb(PDB{MinAvailable: &Share{2, false}}).hpa(tuner.CPU, 50), severity: Info, why: []string{"of 2 Pods"}},
	})
}

func TestR16TwoAutoscalers(t *testing.T) {
	keda := func(s Snapshot) Snapshot {
		s.ScaledObjects = []ScaledObject{{Ref: Ref{"keda.sh/v1alpha1", "ScaledObject", "shop", "web"}, Makes: "keda-hpa-web"}}
		return s
	}
	made := keda(app().hpa(tuner.CPU, 50))
	made.HPAs[0].Name, made.HPAs[0].By = "keda-hpa-web", &Ref{}
	checkRule(t, "R16", []ruleCase{
		{name: "two VPAs", snapshot: app().vpa(Off).vpa(Off), severity: Error, why: []string{"not defined"}},
		{name: "one of each", snapshot: app().vpa(Off).hpa(tuner.CPU, 50)},
		{name: "two HPAs", snapshot: app().hpa(tuner.CPU, 50).hpa(tuner.Memory, 60), severity: Error, why: []string{"each undoes the other"}, mend: []string{"name: cpu", "name: memory", "maxReplicas: 10"}},
		{name: "an HPA and KEDA", snapshot: keda(app().hpa(tuner.CPU, 50)), severity: Error, why: []string{"keda-hpa-web"}},
		{name: "KEDA's own HPA", snapshot: made},
	})
}

func TestR17Sidecars(t *testing.T) {
	injected := app().vpa(Recreate).running(1)
	injected.Pods[0].Containers = append([]Container{{Name: "istio-proxy", Role: App}}, injected.Pods[0].Containers...)
	left := app().vpa(Recreate, Policy{Container: "istio-proxy", Off: true})
	left.Workload.SidecarsExpected = []string{"istio-proxy"}
	asked := app().vpa(Recreate)
	asked.Workload.SidecarsExpected = []string{"istio-proxy"}
	heavy := func(cpu scenarios.MilliCPU) Snapshot {
		return app().with(Container{Name: "migrate", Role: Init, Resources: scenarios.Resources{CPURequest: cpu}})
	}
	checkRule(t, "R17", []ruleCase{
		{name: "injected", snapshot: injected, severity: Warning, why: []string{"istio-proxy is injected"}, mend: []string{"containerName: istio-proxy", `mode: "Off"`}},
		{name: "will be injected", snapshot: asked, severity: Warning},
		{name: "left alone", snapshot: left},
		{name: "a native sidecar", snapshot: app().with(Container{Name: "log", Role: Sidecar}).vpa(Recreate), severity: Info, why: []string{"stay as the template has them"}},
		{name: "an init container decides", snapshot: heavy(501), severity: Info, why: []string{"requests 501m of CPU", "(500m)", "count 501m"}},
		{name: "an init container that does not", snapshot: heavy(500)},
	})
}

func TestR18Reverted(t *testing.T) {
	kept := app().hpa(tuner.CPU, 50)
	kept.Workload.ReplicasFrom = "kubectl apply"
	alone := app()
	alone.Workload.ReplicasFrom = "kubectl apply"
	git := app()
	git.Workload.GitOps = "Argo CD"
	checkRule(t, "R18", []ruleCase{
		{name: "replicas and an HPA", snapshot: kept, severity: Info, why: []string{"throws the replicas back to 3"}, mend: []string{"replicas: null"}},
		{name: "replicas alone", snapshot: alone},
		{name: "GitOps", snapshot: git, severity: Info, why: []string{"Argo CD keeps this object"}},
	})
}

func TestR19MemoryTarget(t *testing.T) {
	of := func(image string) Snapshot {
		s := app()
		s.Workload.Containers[0].Image = image
		return s
	}
	two := of("redis:7").hpa(tuner.Memory, 60)
	two.HPAs[0].Metrics = append(two.HPAs[0].Metrics, Metric{Type: PodsMetric, Name: "hits", Written: map[string]any{"type": "Pods"}})
	byEnv := app().hpa(tuner.Memory, 60)
	byEnv.Workload.Containers[0].Env = map[string]string{"GOMEMLIMIT": "200MiB"}
	checkRule(t, "R19", []ruleCase{
		{name: "a cache", snapshot: two, severity: Warning, why: []string{"runs on Redis", "up to 10 replicas"}, mend: []string{"- type: Pods"}},
		{name: "by its environment", snapshot: byEnv, severity: Warning, why: []string{"runs on Go"}},
		{name: "on CPU", snapshot: of("redis:7").hpa(tuner.CPU, 60)},
		{name: "a word within a word", snapshot: of("javascriptless/app:1").hpa(tuner.Memory, 60)},
	})
}

func TestR20RuntimeSizes(t *testing.T) {
	with := func(key, value string) Snapshot {
		s := app()
		s.Workload.Containers[0].Env = map[string]string{key: value}
		return s
	}
	checkRule(t, "R20", []ruleCase{
		// 0.9 × 256 MiB = 230
		{name: "beyond the limit", snapshot: with("GOMEMLIMIT", "256MiB"), severity: Warning, why: []string{"container app", "256Mi"}, mend: []string{"name: GOMEMLIMIT", "230MiB"}},
		{name: "at 95 %", snapshot: with("GOMEMLIMIT", "243MiB")},
		{name: "beyond the derived limit", snapshot: with("GOMEMLIMIT", "230MiB"), measured: derived(500, 500, 200*mi, 200*mi), severity: Warning, mend: []string{"180MiB"}},
		{name: "a heap by options", snapshot: with("JAVA_TOOL_OPTIONS", "-Xmx256m"), severity: Warning, why: []string{"exceed the memory limit of 256Mi"}},
	})
}

func TestR21StartupBudget(t *testing.T) {
	with := func(liveness, startup *Probe) Snapshot {
		s := app()
		s.Workload.Containers[0].Liveness, s.Workload.Containers[0].Startup = liveness, startup
		return s
	}
	at := func(seconds int) *Measured {
		return derived(500, 500, 256*mi, 256*mi).started(time.Duration(seconds) * time.Second)
	}
	thirty := &Probe{Period: 10 * time.Second, Failures: 3}
	booted := with(thirty, nil).running(1)
	booted.Pods[0].Boot = new(10 * time.Second)
	checkRule(t, "R21", []ruleCase{
		{name: "killed before it is up", snapshot: with(nil, thirty), measured: at(30), severity: Warning, why: []string{"takes 30 s", "startupProbe gives it 30 s", "137"}, mend: []string{"failureThreshold: 6"}},
		{name: "tight", snapshot: with(nil, thirty), measured: at(22), severity: Info, why: []string{"73.3 %"}},
		{name: "enough", snapshot: with(nil, thirty), measured: at(21)},
		{name: "a startup probe holds liveness back", snapshot: with(&Probe{Period: time.Second, Failures: 1}, thirty), measured: at(20)},
		// 10 s × 500m ÷ 125m = 40 s
		{name: "slower at a lower limit", snapshot: booted, measured: &Measured{Settings: derived(125, 125, 256*mi, 256*mi).Settings}, severity: Warning, why: []string{"takes 40 s", "10 s of the Pods now, times 500m ÷ 125m"}},
		{name: "no probe", snapshot: with(nil, nil), measured: at(300)},
	})
}

func TestR22PodLevel(t *testing.T) {
	whole := app()
	whole.Workload.PodLevel = &scenarios.Resources{CPURequest: 600, CPULimit: 800}
	checkRule(t, "R22", []ruleCase{
		{name: "set", snapshot: whole, severity: Info, why: []string{"CPU 600m/800m and memory none/none", "CPU 500m"}},
		{name: "not set", snapshot: app()},
	})
}
