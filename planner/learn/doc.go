// Package learn finds from the soaks after each traffic change what has moved: Judge holds the counters of
// before against those of after, Learn narrows the fraction of the load that the traffic carries.
package learn
