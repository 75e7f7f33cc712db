package main

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/argoproj/gitops-engine/pkg/diff"
	"github.com/argoproj/gitops-engine/pkg/diff/testdata"
	"github.com/argoproj/gitops-engine/pkg/utils/kube/scheme"
	openapi_v2 "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/managedfields"
	openapiproto "k8s.io/kube-openapi/pkg/util/proto"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

// parser knows the built-in kinds as a real API server describes them.
var parser = sync.OnceValues(func() (*managedfields.GvkParser, error) {
	document := &openapi_v2.Document{}
	if err := proto.Unmarshal(testdata.OpenAPIV2Doc, document); err != nil {
		return nil, err
	}
	models, err := openapiproto.NewOpenAPIData(document)
	if err != nil {
		return nil, err
	}
	return managedfields.NewGVKParser(models, false)
})

func parseable(of *unstructured.Unstructured) (*typed.ParseableType, error) {
	known, err := parser()
	if err != nil {
		return nil, err
	}
	if kind := scheme.ResolveParseableType(of.GroupVersionKind(), known); kind != nil {
		return kind, nil
	}
	return &typed.DeducedParseableType, nil
}

// prediction stands for an API server whose dry run is known.
type prediction string

func (p prediction) Run(context.Context, *unstructured.Unstructured, string) (string, error) {
	return string(p), nil
}

func init() {
	// normalise: an object; gives it as it is compared, without rules of an application.
	modes["normalise"] = func(document []byte) (any, error) {
		asked, err := object(document)
		if err != nil {
			return nil, err
		}
		diff.Normalize(asked, diff.IgnoreAggregatedRoles(true))
		return asked.Object, nil
	}

	// compare: a target, the live object, and what a dry run of applying the target by the manager `manager` predicts;
	// gives whether Argo CD's server-side strategy sees a difference, and both sides as it compares them.
	modes["compare"] = func(document []byte) (any, error) {
		var asked struct {
			Target, Live, Predicted json.RawMessage
			Manager                 string
			IncludeWebhooks         bool
		}
		if err := json.Unmarshal(document, &asked); err != nil {
			return nil, err
		}
		target, err := object(asked.Target)
		if err != nil {
			return nil, err
		}
		live, err := object(asked.Live)
		if err != nil {
			return nil, err
		}
		known, err := parser()
		if err != nil {
			return nil, err
		}
		result, err := diff.Diff(target, live,
			diff.WithServerSideDiff(true),
			diff.WithServerSideDryRunner(prediction(asked.Predicted)),
			diff.WithManager(asked.Manager),
			diff.WithGVKParser(known),
			diff.WithIgnoreMutationWebhook(!asked.IncludeWebhooks),
			diff.IgnoreAggregatedRoles(true),
		)
		if err != nil {
			return nil, err
		}
		return map[string]any{
			"modified":  result.Modified,
			"live":      json.RawMessage(result.NormalizedLive),
			"predicted": json.RawMessage(result.PredictedLive),
		}, nil
	}
}

func init() {
	// fields: an object; gives the set of its fields, as a server-side apply of it would record them.
	modes["fields"] = func(document []byte) (any, error) {
		asked, err := object(document)
		if err != nil {
			return nil, err
		}
		kind, err := parseable(asked)
		if err != nil {
			return nil, err
		}
		value, err := kind.FromUnstructured(asked.Object)
		if err != nil {
			return nil, err
		}
		set, err := value.ToFieldSet()
		if err != nil {
			return nil, err
		}
		// What identifies an object is nobody's.
		set = set.Difference(fieldpath.NewSet(
			fieldpath.MakePathOrDie("apiVersion"), fieldpath.MakePathOrDie("kind"),
			fieldpath.MakePathOrDie("metadata"), fieldpath.MakePathOrDie("metadata", "name"),
			fieldpath.MakePathOrDie("metadata", "namespace"),
		))
		written, err := set.ToJSON()
		return json.RawMessage(written), err
	}
}
