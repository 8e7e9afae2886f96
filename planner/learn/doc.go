// Package learn finds from the soaks after each turn of a traffic switch what has moved: Judge holds the counters of
// before against those of after, Learn narrows the fraction of the load that the traffic carries.
package learn
