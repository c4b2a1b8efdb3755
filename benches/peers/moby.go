// moby/sys/mountinfo as a peer: does a piece of work so many times, says how many nanoseconds it took.
//
// One request a line on standard input: WORK ROUNDS ARGUMENT.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/moby/sys/mountinfo"
)

func work(name, argument string) func() error {
	switch name {
	case "parse":
		text, err := os.ReadFile(argument)
		return func() error {
			if err == nil {
				_, err = mountinfo.GetMountsFromReader(bytes.NewReader(text), nil)
			}
			return err
		}
	case "live":
		return func() error {
			_, err := mountinfo.GetMounts(nil)
			return err
		}
	case "under":
		return func() error {
			_, err := mountinfo.GetMounts(mountinfo.PrefixFilter(argument))
			return err
		}
	case "is-point":
		return func() error {
			_, err := mountinfo.Mounted(argument)
			return err
		}
	case "point":
		return func() error {
			_, err := mountinfo.GetMounts(mountinfo.SingleEntryFilter(argument))
			return err
		}
	}
	return nil
}

func main() {
	runtime.LockOSThread()
	requests := bufio.NewScanner(os.Stdin)
	for requests.Scan() {
		words := strings.SplitN(requests.Text(), " ", 3)
		rounds, _ := strconv.Atoi(words[1])
		once := work(words[0], words[2])
		if once == nil {
			fmt.Println("none")
			continue
		}
		start := time.Now()
		for ; rounds > 0; rounds-- {
			if err := once(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
		fmt.Println(time.Since(start).Nanoseconds())
	}
}
