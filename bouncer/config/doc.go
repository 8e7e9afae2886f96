// Package config reads pgbudget.yaml: bytes in, structs out, and every fault at once with file:line:column.
//
// Keys are strict: an unknown or repeated key is an error. ${NAME} in a value is replaced by the environment variable
// of that name after parsing, so that a secret can neither change the structure of the file nor appear in an excerpt of
// it. Declared returns what was written in the planner's terms, with every default applied.
//
// Document and Checker are the same machinery for another package's YAML that embeds a File.
package config
