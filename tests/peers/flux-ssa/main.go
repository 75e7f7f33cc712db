// Command flux-ssa compares or applies rendered manifests as Flux's kustomize-controller does, by its library: one
// read and one dry run for each object, four at a time, and an apply for each that differs.
//
//	flux-ssa diff|apply KUBECONFIG MANIFESTS
//
// Prints one line for each object that is not as it should be, or was not. The client is not throttled, and nothing is
// rendered, pruned or waited for: all of that would take the controller longer.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/normalize"
	"github.com/fluxcd/pkg/ssa/utils"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// concurrency is the default of kustomize-controller's --concurrent-ssa.
const concurrency = 4

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: flux-ssa diff|apply KUBECONFIG MANIFESTS")
		os.Exit(2)
	}
	log.SetLogger(klog.Background())
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command, kubeconfig, manifests string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	kube, err := client.New(config, client.Options{})
	if err != nil {
		return err
	}
	file, err := os.Open(manifests)
	if err != nil {
		return err
	}
	defer file.Close()
	objects, err := utils.ReadObjects(file)
	if err != nil {
		return err
	}
	if err := normalize.UnstructuredList(objects); err != nil {
		return err
	}
	manager := ssa.NewResourceManager(kube, nil, ssa.Owner{Field: "flux-ssa", Group: "flux-ssa.lockstep.dev"})
	manager.SetConcurrency(concurrency)
	switch command {
	case "diff":
		return diff(ctx, manager, objects)
	case "apply":
		changes, err := manager.ApplyAllStaged(ctx, objects, ssa.DefaultApplyOptions())
		if err != nil {
			return err
		}
		for _, change := range changes.Entries {
			if change.Action != ssa.UnchangedAction {
				fmt.Println(change.String())
			}
		}
		return nil
	default:
		return fmt.Errorf("no such command: %s", command)
	}
}

func diff(ctx context.Context, manager *ssa.ResourceManager, objects []*unstructured.Unstructured) error {
	changes := make([]*ssa.ChangeSetEntry, len(objects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i, object := range objects {
		group.Go(func() error {
			change, _, _, err := manager.Diff(ctx, object, ssa.DefaultDiffOptions())
			changes[i] = change
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, change := range changes {
		if change.Action != ssa.UnchangedAction {
			fmt.Println(change.String())
		}
	}
	return nil
}
