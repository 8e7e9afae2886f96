// Package trafficswitch sets traffic switches that live somewhere else, such as feature flags, and asks them.
//
// A Switch is the bouncer.Switch of one shift of the config. set: is a command that gets the percentage in place of
// {{.Percent}}; get: is a command that prints the percentage, or PromQL. A switch without set: is set by a person, and
// Command says what to type. A percentage is whole, 0 to 100: any other answer is an error.
package trafficswitch
