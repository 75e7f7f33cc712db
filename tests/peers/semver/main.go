// The library by which Argo CD chooses tags, behind one long-running process.
//
// Each line of standard input is a range, and versions to be tried, separated by tabs. The reply is one line: `!` when
// the range is none, `=` when it is a plain version, else for each version `1` if it is in the range, `0` if it is not,
// and `-` if it is none.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/Masterminds/semver/v3"
)

func answer(line string) string {
	words := strings.Split(line, "\t")
	if _, err := semver.NewVersion(words[0]); err == nil {
		return "="
	}
	constraint, err := semver.NewConstraint(words[0])
	if err != nil {
		return "!"
	}
	var marks strings.Builder
	for _, word := range words[1:] {
		version, err := semver.NewVersion(word)
		switch {
		case err != nil:
			marks.WriteByte('-')
		case constraint.Check(version):
			marks.WriteByte('1')
		default:
			marks.WriteByte('0')
		}
	}
	return marks.String()
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fmt.Println(answer(lines.Text()))
	}
}
