package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"unsafe"

	engine "github.com/argoproj/gitops-engine/pkg/sync"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	"github.com/argoproj/gitops-engine/pkg/utils/kube/kubetest"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

// task has the layout of gitops-engine's syncTask, whose order is asked for and which is not exported.
type task struct {
	phase          common.SyncPhase
	liveObj        *unstructured.Unstructured
	targetObj      *unstructured.Unstructured
	skipDryRun     bool
	syncStatus     common.ResultCode
	operationState common.OperationPhase
	message        string
	waveOverride   *int
}

//go:linkname tasksOf github.com/argoproj/gitops-engine/pkg/sync.(*syncContext).getSyncTasks
func tasksOf(context unsafe.Pointer) ([]*task, bool)

//go:linkname waveOf github.com/argoproj/gitops-engine/pkg/sync.(*syncTask).wave
func waveOf(of *task) int

// server is an API server that knows every kind: discovery is all that the order of tasks asks of it.
var server = sync.OnceValue(func() string {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/apis/"), "/api/")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": path, "resources": []any{},
		})
	})).URL
})

func init() {
	// order: items (a target, a live object, or both), hooks, the destination namespace, and whether everything is pruned
	// last; gives the tasks in order, each as its phase, its wave, and the kind and name of its object.
	modes["order"] = func(document []byte) (any, error) {
		var asked struct {
			Items     []struct{ Target, Live json.RawMessage }
			Hooks     []json.RawMessage
			Namespace string
			PruneLast bool
		}
		if err := json.Unmarshal(document, &asked); err != nil {
			return nil, err
		}
		result := engine.ReconciliationResult{}
		for _, item := range asked.Items {
			target, err := object(item.Target)
			if err != nil {
				return nil, err
			}
			live, err := object(item.Live)
			if err != nil {
				return nil, err
			}
			result.Target = append(result.Target, target)
			result.Live = append(result.Live, live)
		}
		for _, raw := range asked.Hooks {
			read, err := object(raw)
			if err != nil {
				return nil, err
			}
			result.Hooks = append(result.Hooks, read)
		}
		config := &rest.Config{Host: server(), QPS: -1}
		context, cleanup, err := engine.NewSyncContext("0123456789abcdef", result, config, config,
			&kubetest.MockKubectlCmd{}, asked.Namespace, nil, engine.WithPruneLast(asked.PruneLast), engine.WithLogr(logr.Discard()))
		if err != nil {
			return nil, err
		}
		defer cleanup()
		// An interface is two words, the second of which points to the value.
		pointer := (*[2]unsafe.Pointer)(unsafe.Pointer(&context))[1]
		tasks, _ := tasksOf(pointer)
		found := []map[string]any{}
		for _, one := range tasks {
			of, prune := one.targetObj, false
			if of == nil {
				of, prune = one.liveObj, true
			}
			found = append(found, map[string]any{
				"phase": one.phase, "wave": waveOf(one), "prune": prune,
				"kind": of.GetKind(), "name": of.GetName(), "namespace": of.GetNamespace(),
			})
		}
		return found, nil
	}
}
