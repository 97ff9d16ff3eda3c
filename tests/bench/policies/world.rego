# The benchmark's world in Rego: every question is look-ups in objects, no iteration.
package bench

import rego.v1

default allow := false

allow if {
	role := data.grants[input.principal][data.projects[input.project].workspace]
	data.roles[role][input.permission]
}

allow if data.projects[input.project].owner == input.principal

allow if data.admins[input.principal]
