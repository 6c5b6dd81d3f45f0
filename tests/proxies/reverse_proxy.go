// A proxy as Go's standard library makes it: it sets and removes headers by the names that it knows, with `-`.
package main

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

func main() {
	target, err := url.Parse(os.Args[2])
	if err != nil {
		panic(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.SetXForwarded()
		r.Out.Header.Del("Client-Cert")
		r.Out.Header.Del("X-Request-Id")
	}}
	panic(http.ListenAndServe(os.Args[1], proxy))
}
