package main

import (
	"encoding/json"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/argo/managedfields"
	"github.com/argoproj/argo-cd/v3/util/argo/normalizers"
	"github.com/argoproj/argo-cd/v3/util/glob"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	"github.com/argoproj/gitops-engine/pkg/sync/hook"
	"github.com/argoproj/gitops-engine/pkg/sync/resource"
	"github.com/argoproj/gitops-engine/pkg/sync/syncwaves"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

func decode(raw []byte) (map[string]any, error) {
	var decoded map[string]any
	err := utiljson.Unmarshal(raw, &decoded)
	return decoded, err
}

func init() {
	// health: an object; gives its health as Argo CD tells it without settings of its own, or null.
	modes["health"] = func(document []byte) (any, error) {
		asked, err := object(document)
		if err != nil {
			return nil, err
		}
		// The error is in the health too.
		found, _ := health.GetResourceHealth(asked, lua.ResourceHealthOverrides{})
		return found, nil
	}

	// annotations: an object; gives everything that its annotations say.
	modes["annotations"] = func(document []byte) (any, error) {
		asked, err := object(document)
		if err != nil {
			return nil, err
		}
		return map[string]any{
			"wave":     syncwaves.Wave(asked),
			"hook":     hook.IsHook(asked),
			"skip":     hook.Skip(asked),
			"types":    hook.Types(asked),
			"policies": hook.DeletePolicies(asked),
			"options":  resource.GetAnnotationCSVs(asked, common.AnnotationSyncOptions),
		}, nil
	}

	// glob: patterns and texts; gives for each pattern whether it matches each text.
	modes["glob"] = func(document []byte) (any, error) {
		var asked struct{ Patterns, Texts []string }
		if err := json.Unmarshal(document, &asked); err != nil {
			return nil, err
		}
		found := [][]bool{}
		for _, pattern := range asked.Patterns {
			row := []bool{}
			for _, text := range asked.Texts {
				row = append(row, glob.Match(pattern, text))
			}
			found = append(found, row)
		}
		return found, nil
	}

	// ignore: rules and an object; gives the object without what is ignored.
	modes["ignore"] = func(document []byte) (any, error) {
		var asked struct {
			Rules  []v1alpha1.ResourceIgnoreDifferences
			Object json.RawMessage
		}
		if err := json.Unmarshal(document, &asked); err != nil {
			return nil, err
		}
		normalizer, err := normalizers.NewIgnoreNormalizer(asked.Rules, nil, normalizers.IgnoreNormalizerOpts{})
		if err != nil {
			return nil, err
		}
		read, err := object(asked.Object)
		if err != nil {
			return nil, err
		}
		if err := normalizer.Normalize(read); err != nil {
			return nil, err
		}
		return read.Object, nil
	}

	// managers: two objects and managers; gives both without the fields that these own in the live one and that differ.
	modes["managers"] = func(document []byte) (any, error) {
		var asked struct {
			Live, Target json.RawMessage
			Managers     []string
		}
		if err := json.Unmarshal(document, &asked); err != nil {
			return nil, err
		}
		live, err := object(asked.Live)
		if err != nil {
			return nil, err
		}
		target, err := object(asked.Target)
		if err != nil {
			return nil, err
		}
		kind, err := parseable(live)
		if err != nil {
			return nil, err
		}
		live, target, err = managedfields.Normalize(live, target, asked.Managers, kind)
		if err != nil {
			return nil, err
		}
		return []*unstructured.Unstructured{live, target}, nil
	}
}
