// Command ferretdb serves the MongoDB protocol from a folder of SQLite files, so
// that the tests of the MongoDB store have a server to speak to. It is a module of
// its own: what it needs stays out of the product's. It prints its URI once it
// listens. With -attached it ends when its standard input does, and so never
// outlives the test that started it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "the TCP `address` to listen on")
	dir := flag.String("dir", "", "the `folder` to keep databases in; it must end with a slash")
	attached := flag.Bool("attached", false, "end when standard input does")
	flag.Parse()
	if err := serve(*listen, *dir, *attached); err != nil {
		fmt.Fprintln(os.Stderr, "ferretdb:", err)
		os.Exit(1)
	}
}

func serve(listen, dir string, attached bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if attached {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // its end is the news
			stop()
		}()
	}
	f, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: listen},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + dir,
	})
	if err != nil {
		return err
	}
	fmt.Println(f.MongoDBURI())
	return f.Run(ctx)
}
