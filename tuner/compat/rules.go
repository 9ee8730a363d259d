package compat

// Rules are all rules, R1 to R22, in order.
func Rules() []Rule {
	return []Rule{
		{ID: "R1", Title: "an HPA and a VPA on the same resource", needs: []Kind{HPAs, VPAs}, check: spiral},
		{ID: "R2", Title: "an HPA on an average value of what a VPA controls", needs: []Kind{HPAs, VPAs}, check: sharedAverage},
		{ID: "R3", Title: "an HPA that can never scale out", needs: []Kind{HPAs, LimitRanges}, check: deadTarget},
		{ID: "R4", Title: "a changed request moves the HPA's scale-out point", needs: []Kind{HPAs}, derived: true, check: movedTarget},
		{ID: "R5", Title: "an HPA that scales too late", needs: []Kind{HPAs}, derived: true, check: lateTarget},
		{ID: "R6", Title: "a request that the HPA needs is missing", needs: []Kind{HPAs, LimitRanges}, check: missingRequest},
		{ID: "R7", Title: "replica bounds against quota, nodes and the VPA", needs: []Kind{HPAs, VPAs, Quotas, Nodes}, check: replicaBounds},
		{ID: "R8", Title: "a VPA or webhook that overrides the settings", needs: []Kind{VPAs, Pods, Webhooks}, check: overrides},
		{ID: "R9", Title: "settings outside what the VPA allows", needs: []Kind{VPAs}, check: outsidePolicy},
		{ID: "R10", Title: "limits that grow with the VPA's requests", needs: []Kind{VPAs, LimitRanges, Nodes}, check: growingLimits},
		{ID: "R11", Title: "settings against LimitRanges", needs: []Kind{LimitRanges, VPAs}, check: outsideRange},
		{ID: "R12", Title: "a rollout against ResourceQuotas", needs: []Kind{Quotas, Pods}, check: overQuota},
		{ID: "R13", Title: "a changed QoS class", derived: true, check: changedQoS},
		{ID: "R14", Title: "what a resize in place can't do", needs: []Kind{Version}, derived: true, check: resizeInPlace},
		{ID: "R15", Title: "a disruption budget that allows no disruption", needs: []Kind{PDBs, VPAs}, check: noDisruption},
		{ID: "R16", Title: "two autoscalers on one workload", needs: []Kind{HPAs, VPAs, ScaledObjects}, check: twoAutoscalers},
		{ID: "R17", Title: "sidecars and init containers that a VPA sees differently", needs: []Kind{VPAs, Pods}, check: sidecars},
		{ID: "R18", Title: "replicas or settings that GitOps will revert", needs: []Kind{HPAs}, check: reverted},
		{ID: "R19", Title: "an HPA on memory that is never given back", needs: []Kind{HPAs}, check: memoryTarget},
		{ID: "R20", Title: "runtime settings at odds with the limits", check: runtimeSizes},
		{ID: "R21", Title: "probes that end a slow start", needs: []Kind{Pods}, check: startupBudget},
		{ID: "R22", Title: "resources of the Pod as a whole", check: podLevel},
	}
}
