//go:build linux

package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// configs are the configuration files of the programs and the objects of a new cluster, as templates over a plan.
//
//go:embed config
var configs embed.FS

// view is what the templates say of a plan.
type view struct {
	Name, Dir, Cgroup, Node, Pods, CNI string
}

// configure writes every template into the cluster's folder, under its own name.
func configure(p plan) error {
	cni, err := findCNI()
	if err != nil {
		return err
	}
	v := view{Name: p.Name, Dir: p.Dir, Cgroup: p.Cgroup, Node: p.node(), Pods: p.pods(), CNI: cni}
	all, err := template.ParseFS(configs, "config/*")
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	if err := os.MkdirAll(p.file("cni"), 0o755); err != nil {
		return err
	}
	for _, t := range all.Templates() {
		to := p.file(t.Name())
		if strings.HasSuffix(to, ".conflist") {
			to = p.file("cni", t.Name()) // containerd reads every file of the folder
		}
		f, err := os.Create(to)
		if err != nil {
			return err
		}
		err = t.Execute(f, v)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return fmt.Errorf("writing %s: %w", to, err)
		}
	}
	return nil
}

// pluginFolders are where distributions put the CNI plugins.
var pluginFolders = []string{"/usr/lib/cni", "/usr/libexec/cni", "/opt/cni/bin"}

// findCNI is the folder with the plugins that the Pod network is made of.
func findCNI() (string, error) {
	for _, dir := range pluginFolders {
		if _, err := os.Stat(filepath.Join(dir, "bridge")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%w: no CNI plugins in %s, apt-get install -y containernetworking-plugins", errUnable, strings.Join(pluginFolders, ", "))
}

// kubeconfig writes NAME.conf in the cluster's folder, whole in itself: it can be copied anywhere.
func (a authority) kubeconfig(p plan, user string) error {
	parts := map[string][]byte{}
	for _, name := range []string{"ca.crt", user + ".crt", user + ".key"} {
		text, err := os.ReadFile(a.path(name))
		if err != nil {
			return err
		}
		parts[name] = text
	}
	text, err := json.MarshalIndent(map[string]any{ // JSON is YAML too, and []byte comes out in base64
		"apiVersion": "v1", "kind": "Config", "current-context": p.Name,
		"clusters": []any{map[string]any{"name": p.Name, "cluster": map[string]any{
			"server": p.server(), "certificate-authority-data": parts["ca.crt"]}}},
		"users": []any{map[string]any{"name": user, "user": map[string]any{
			"client-certificate-data": parts[user+".crt"], "client-key-data": parts[user+".key"]}}},
		"contexts": []any{map[string]any{"name": p.Name, "context": map[string]any{"cluster": p.Name, "user": user}}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(p.file(user+".conf"), text, 0o600)
}
