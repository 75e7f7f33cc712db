// Writes what kustomize's strategic merge looks up in its built-in OpenAPI document, as the table that
// crates/kustomize/src/schema reads.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"sort"
	"strings"

	openapi_v2 "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/openapi/kubernetesapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

const (
	reference     = "#/definitions/"
	kindExtension = "x-kubernetes-group-version-kind"
)

// table numbers the definitions by their names, in order.
type table struct {
	definitions spec.Definitions
	names       []string
	numbers     map[string]int
}

func main() {
	log.SetFlags(0)
	definitions := openapi.Schema().Definitions
	t := table{definitions: definitions, numbers: map[string]int{}}
	for name := range definitions {
		t.names = append(t.names, name)
	}
	sort.Strings(t.names)
	for number, name := range t.names {
		t.numbers[name] = number
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	fmt.Fprintln(out, "# Made by ./make from the OpenAPI document of kustomize "+openapi.GetSchemaVersion()+". The format is described in builtin.rs.")
	for _, kind := range t.kinds() {
		fmt.Fprintln(out, kind)
	}
	fmt.Fprintln(out)
	for _, name := range t.names {
		definition := definitions[name]
		fmt.Fprintln(out, name+" "+t.expression(&definition))
	}
}

// kinds gives a line for each type of objects: its name, its scope, the number of its definition.
func (t *table) kinds() []string {
	numbers := map[yaml.TypeMeta]string{}
	for _, meta := range kindsOfPaths() {
		numbers[meta] = "-"
	}
	for name, definition := range t.definitions {
		kinds, _ := definition.Extensions[kindExtension].([]interface{})
		for _, kind := range kinds {
			meta := typeMeta(kind)
			resolved := openapi.SchemaForResourceType(meta)
			if resolved == nil || t.expression(resolved.Schema) != t.expression(&definition) {
				log.Fatalf("%v has several definitions", meta)
			}
			numbers[meta] = fmt.Sprint(t.numbers[name])
		}
	}
	lines := []string{}
	for meta, number := range numbers {
		scope := "?"
		if namespaced, found := openapi.IsNamespaceScoped(meta); found && namespaced {
			scope = "n"
		} else if found {
			scope = "c"
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s", meta.APIVersion, meta.Kind, scope, number))
	}
	sort.Strings(lines)
	return lines
}

// kindsOfPaths gives the types that the document has paths for; some of them have no definition.
func kindsOfPaths() []yaml.TypeMeta {
	asset := kubernetesapi.OpenAPIMustAsset[kubernetesapi.DefaultOpenAPI]
	name := "kubernetesapi/" + strings.ReplaceAll(kubernetesapi.DefaultOpenAPI, ".", "_") + "/swagger.pb"
	document := &openapi_v2.Document{}
	if err := proto.Unmarshal(asset(name), document); err != nil {
		log.Fatal(err)
	}
	var swagger spec.Swagger
	if _, err := swagger.FromGnostic(document); err != nil {
		log.Fatal(err)
	}
	kinds := []yaml.TypeMeta{}
	for _, path := range swagger.Paths.Paths {
		if path.Get == nil {
			continue
		}
		if kind, found := path.Get.Extensions[kindExtension]; found {
			kinds = append(kinds, typeMeta(kind))
		}
	}
	return kinds
}

func typeMeta(kind interface{}) yaml.TypeMeta {
	fields := kind.(map[string]interface{})
	apiVersion := fields["version"].(string)
	if group, _ := fields["group"].(string); group != "" {
		apiVersion = group + "/" + apiVersion
	}
	return yaml.TypeMeta{APIVersion: apiVersion, Kind: fields["kind"].(string)}
}

func (t *table) expression(schema *spec.Schema) string {
	if target := schema.Ref.String(); target != "" {
		number, found := t.numbers[strings.TrimPrefix(target, reference)]
		if !found {
			log.Fatalf("%s leads nowhere", target)
		}
		return fmt.Sprint(number)
	}
	switch {
	case len(schema.Type) == 1 && schema.Type[0] == "array":
		elements := "[" + t.expression(schema.Items.Schema) + "]"
		resource := openapi.ResourceSchema{Schema: schema}
		strategy, keys := resource.PatchStrategyAndKeyList()
		for _, word := range strings.Split(strategy, ",") {
			if word == "merge" {
				return elements + "*" + strings.Join(keys, ",")
			}
		}
		return elements
	case schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil:
		if len(schema.Properties) > 0 {
			log.Fatal("a definition has named fields and others")
		}
		return "{" + t.expression(schema.AdditionalProperties.Schema) + "}"
	case len(schema.Properties) > 0:
		fields := []string{}
		for name, field := range schema.Properties {
			fields = append(fields, name+":"+t.expression(&field))
		}
		sort.Strings(fields)
		return "(" + strings.Join(fields, " ") + ")"
	}
	return "-"
}
