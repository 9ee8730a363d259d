package loadgen

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/plimsoll/plimsoll/scenarios"
)

// healthProto is the service that grpcServer serves, as far as it is called.
const healthProto = `syntax = "proto3";
package grpc.health.v1;
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse {
  enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
  ServingStatus status = 1;
}
service Health {
  rpc Check(HealthCheckRequest) returns (HealthCheckResponse);
  rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse);
}`

// health answers that what is asked for is serving where the metadata says so too, and fails where it is not known.
type health struct {
	grpc_health_v1.UnimplementedHealthServer
}

func (health) Check(ctx context.Context, r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	asked, _ := metadata.FromIncomingContext(ctx)
	switch {
	case r.Service == "slow":
		<-ctx.Done()
		return nil, ctx.Err()
	case r.Service == "unknown":
		return nil, status.Error(codes.NotFound, "no such service")
	case strings.Join(asked["x-service"], "") != r.Service:
		return nil, status.Error(codes.InvalidArgument, "another one in the metadata")
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, nil
}

func grpcServer(t *testing.T, reflects bool, options ...grpc.ServerOption) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(options...)
	grpc_health_v1.RegisterHealthServer(server, health{})
	if reflects {
		reflection.Register(server)
	}
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		// Where a test is over before Serve has begun, Serve says so.
		if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func grpcPlan(url, service string) Plan {
	plan := planFor(url, 100, 200*time.Millisecond)
	plan.Traffic.Protocol = scenarios.GRPCP
	plan.Traffic.Hits[0] = scenarios.Hit{
		Name: "check", Weight: 1, Method: "grpc.health.v1.Health/Check", Body: scenarios.NewSecret(`{"service": "` + service + `"}`),
		Headers: []scenarios.Variable{{Name: "x-service", Value: scenarios.NewSecret(service)}},
	}
	return plan
}

func writeProto(t *testing.T) string {
	file := filepath.Join(t.TempDir(), "health.proto")
	if err := os.WriteFile(file, []byte(healthProto), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestGRPC(t *testing.T) {
	file := writeProto(t)
	tests := []struct {
		name, service string
		change        func(*Plan)
		want          Outcome
		says          string
	}{
		{"reflection", "a", nil, OK, ""},
		{"proto file", "a", func(p *Plan) { p.Traffic.GRPC = &scenarios.GRPC{ProtoFiles: []string{file}} }, OK, ""},
		{"import path", "a", func(p *Plan) {
			p.Traffic.GRPC = &scenarios.GRPC{ProtoFiles: []string{file}, ImportPaths: []string{filepath.Dir(file)}}
		}, OK, ""},
		{"reply", "a", func(p *Plan) { p.Traffic.Hits[0].BodyContains = `{"status":"SERVING"}` }, OK, ""},
		{"another reply", "a", func(p *Plan) { p.Traffic.Hits[0].BodyContains = "NOT_SERVING" }, UnexpectedBody, ""},
		{"data", "", func(p *Plan) {
			h := &p.Traffic.Hits[0]
			h.Data = &scenarios.Data{File: "rows.csv", Columns: []string{"of"}, Rows: [][]string{{"a"}, {"b"}}}
			h.Body, h.Headers[0].Value = scenarios.NewSecret(`{"service": "{{.of}}{{.hit}}"}`), scenarios.NewSecret("{{.of}}{{.hit}}")
		}, OK, ""},
		{"status", "unknown", nil, UnexpectedStatus, ""},
		{"expected status", "unknown", func(p *Plan) { p.Traffic.Hits[0].Status = []int{int(codes.NotFound)} }, OK, ""},
		{"timeout", "slow", func(p *Plan) { p.Traffic.Timeout = 50 * time.Millisecond }, Timeout, "within 50ms"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkLeaks(t)
			plan := grpcPlan("http://"+grpcServer(t, true), test.service)
			if test.change != nil {
				test.change(&plan)
			}
			wantAll(t, plan, test.want, test.says)
		})
	}
}

func TestGRPCOverTLS(t *testing.T) {
	checkLeaks(t)
	certificates := secureServer(t, nil, nil)
	address := grpcServer(t, true, grpc.Creds(credentials.NewServerTLSFromCert(&certificates.TLS.Certificates[0])))
	plan := grpcPlan("https://"+address, "a")
	plan.Traffic.TLS.CAFile, _ = writePEM(t, certificates)
	wantAll(t, plan, OK, "")
}

func TestGRPCNotAsDescribed(t *testing.T) {
	file := writeProto(t)
	tests := []struct {
		name     string
		reflects bool
		change   func(*Plan)
		says     string
	}{
		{"no reflection", false, func(*Plan) {}, "proto_files"},
		{"no such service", true, func(p *Plan) { p.Traffic.Hits[0].Method = "grpc.health.v2.Health/Check" }, "grpc.health.v2.Health"},
		{"no such method", true, func(p *Plan) { p.Traffic.Hits[0].Method = "grpc.health.v1.Health/Cheque" }, "no method Cheque"},
		{"no method", true, func(p *Plan) { p.Traffic.Hits[0].Method = "Check" }, "package.Service/Method"},
		{"streams", false, func(p *Plan) {
			p.Traffic.GRPC = &scenarios.GRPC{ProtoFiles: []string{file}}
			p.Traffic.Hits[0].Method = "grpc.health.v1.Health/Watch"
		}, "unary"},
		{"not a service", true, func(p *Plan) { p.Traffic.Hits[0].Method = "grpc.health.v1.HealthCheckRequest/Check" }, "not a service"},
		{"body", true, func(p *Plan) { p.Traffic.Hits[0].Body = scenarios.NewSecret(`{"servant": "a"}`) }, "HealthCheckRequest in JSON (line 1:2)"},
		{"no such file", false, func(p *Plan) { p.Traffic.GRPC = &scenarios.GRPC{ProtoFiles: []string{file + ".not"}} }, "reading the .proto files"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkLeaks(t)
			plan := grpcPlan("http://"+grpcServer(t, test.reflects), "a")
			test.change(&plan)
			if _, err := Run(t.Context(), plan); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want it to say %q", err, test.says)
			}
		})
	}
}
