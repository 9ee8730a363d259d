module github.com/plimsoll/plimsoll/test/kube/binaries/crds

go 1.26.0

require (
	github.com/argoproj/argo-rollouts v1.10.1
	github.com/kedacore/keda/v2 v2.21.0
)
