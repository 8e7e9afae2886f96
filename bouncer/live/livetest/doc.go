// Package livetest is what the tests of the rooms of live share: fakes of consoles and of stores.
package livetest
