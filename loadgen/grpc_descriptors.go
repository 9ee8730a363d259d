package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/bufbuild/protocompile"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/plimsoll/plimsoll/scenarios"
)

// findMethods returns the descriptor of each kind's method, from the .proto files or else from the server itself.
func findMethods(ctx context.Context, j *job, kinds []hitKind, secure *tls.Config) ([]protoreflect.MethodDescriptor, error) {
	var find func(protoreflect.FullName) (protoreflect.Descriptor, error)
	if g := j.plan.Traffic.GRPC; g != nil && len(g.ProtoFiles) > 0 {
		compiled, err := compileProtos(ctx, g)
		if err != nil {
			return nil, err
		}
		find = compiled
	} else {
		asked, err := newReflector(ctx, j.endpoints[0], secure)
		if err != nil {
			return nil, err
		}
		defer asked.close()
		find = asked.find
	}
	var methods []protoreflect.MethodDescriptor
	for _, kind := range kinds {
		method, err := findMethod(kind.method, find)
		if err != nil {
			return nil, fmt.Errorf("hit %q: %w", kind.name, err)
		}
		methods = append(methods, method)
	}
	return methods, nil
}

// findMethod looks up a unary method by its full name.
func findMethod(full string, find func(protoreflect.FullName) (protoreflect.Descriptor, error)) (protoreflect.MethodDescriptor, error) {
	serviceName, name, err := splitMethod(full)
	if err != nil {
		return nil, err
	}
	found, err := find(serviceName)
	if err != nil {
		return nil, fmt.Errorf("looking up %s: %w", serviceName, err)
	}
	service, ok := found.(protoreflect.ServiceDescriptor)
	if !ok {
		return nil, fmt.Errorf("%s is not a service", serviceName)
	}
	method := service.Methods().ByName(name)
	switch {
	case method == nil:
		return nil, fmt.Errorf("%s has no method %s", serviceName, name)
	case method.IsStreamingClient() || method.IsStreamingServer():
		return nil, fmt.Errorf("%s streams; only unary methods can be called", full)
	}
	return method, nil
}

// compileProtos compiles the .proto files of g and returns what looks names up in them.
func compileProtos(ctx context.Context, g *scenarios.GRPC) (func(protoreflect.FullName) (protoreflect.Descriptor, error), error) {
	roots := append([]string{}, g.ImportPaths...)
	var names []string
	for _, file := range g.ProtoFiles {
		root, name := importName(file, g.ImportPaths)
		if root != "" {
			roots = append(roots, root)
		}
		names = append(names, name)
	}
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: roots})}
	files, err := compiler.Compile(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("reading the .proto files: %w", err)
	}
	return files.AsResolver().FindDescriptorByName, nil
}

// importName is the name that file is imported by: its path below one of the roots, or else below its own directory,
// which is then the root to add.
func importName(file string, roots []string) (root, name string) {
	for _, r := range roots {
		if below, err := filepath.Rel(r, file); err == nil && !strings.HasPrefix(below, "..") {
			return "", filepath.ToSlash(below)
		}
	}
	return filepath.Dir(file), filepath.Base(file)
}

// reflectionTimeout is how long a server may take to describe itself.
const reflectionTimeout = 10 * time.Second

// reflector asks a server for its descriptors.
type reflector struct {
	conn   *grpc.ClientConn
	stream reflection.ServerReflection_ServerReflectionInfoClient
	cancel context.CancelFunc
	files  map[string]*descriptorpb.FileDescriptorProto
}

func newReflector(ctx context.Context, e *endpoint, secure *tls.Config) (*reflector, error) {
	address, err := e.address()
	if err != nil {
		return nil, fmt.Errorf("server reflection: %w", err)
	}
	security := insecure.NewCredentials()
	if secure != nil {
		security = credentials.NewTLS(secure.Clone())
	}
	conn, err := grpc.NewClient("passthrough:///"+address.String(), grpc.WithTransportCredentials(security), grpc.WithNoProxy())
	if err != nil {
		return nil, fmt.Errorf("server reflection: %w", err)
	}
	r := &reflector{conn: conn, files: map[string]*descriptorpb.FileDescriptorProto{}}
	ctx, r.cancel = context.WithTimeout(ctx, reflectionTimeout)
	if r.stream, err = reflection.NewServerReflectionClient(conn).ServerReflectionInfo(ctx); err != nil {
		r.close()
		return nil, fmt.Errorf("server reflection: %w", err)
	}
	return r, nil
}

func (r *reflector) close() {
	r.cancel()
	_ = r.conn.Close()
}

// find asks for the file that has name, and for all that it imports.
func (r *reflector) find(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	wanted, err := r.ask(&reflection.ServerReflectionRequest{
		MessageRequest: &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: string(name)},
	})
	for len(wanted) > 0 && err == nil {
		missing := wanted[0]
		wanted = wanted[1:]
		if r.files[missing] != nil {
			continue
		}
		var more []string
		more, err = r.ask(&reflection.ServerReflectionRequest{
			MessageRequest: &reflection.ServerReflectionRequest_FileByFilename{FileByFilename: missing},
		})
		wanted = append(wanted, more...)
	}
	if status.Code(err) == codes.Unimplemented {
		return nil, errors.New("the server has no reflection; name its .proto files in traffic.grpc.proto_files")
	}
	if err != nil {
		return nil, fmt.Errorf("server reflection: %w", err)
	}
	set := &descriptorpb.FileDescriptorSet{}
	for _, file := range r.files {
		set.File = append(set.File, file)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, fmt.Errorf("server reflection: %w", err)
	}
	return files.FindDescriptorByName(name)
}

// ask keeps the files of one answer and returns what they import.
func (r *reflector) ask(request *reflection.ServerReflectionRequest) (imports []string, err error) {
	if err := r.stream.Send(request); err != nil {
		_, err = r.stream.Recv() // which has the cause
		return nil, err
	}
	answer, err := r.stream.Recv()
	if err != nil {
		return nil, err
	}
	if e := answer.GetErrorResponse(); e != nil {
		return nil, errors.New(e.GetErrorMessage())
	}
	for _, encoded := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
		file := &descriptorpb.FileDescriptorProto{}
		if err := proto.Unmarshal(encoded, file); err != nil {
			return nil, fmt.Errorf("reading a descriptor: %w", err)
		}
		r.files[file.GetName()] = file
		imports = append(imports, file.GetDependency()...)
	}
	return imports, nil
}
