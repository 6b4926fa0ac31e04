package app

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
)

// reloaded are the keys of a configuration that a running server takes up. Any other
// is as it was at the start.
var reloaded = []string{"partners", "customers", "clients", "staff", "services", "diaries", "bars", "log_level"}

// Reload puts a configuration's partners, customers, clients, staff, policy, diaries and log
// level in force, and reads the certificates of listeners anew: all of it, or nothing when anything
// is wrong with it. Messages and requests that begin afterwards see the change, on
// open connections too. It gives the keys that differ and need a new start.
func (a *App) Reload(cfg Config) (later []string, err error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	level, err := parseLevel(cfg.LogLevel)
	if err != nil {
		return nil, err
	}
	configs := make([]*loadedTLS, len(a.tls))
	for i, t := range a.tls {
		if configs[i], err = t.files.load(); err != nil {
			return nil, err
		}
	}
	if err := a.clients.Replace(cfg.clients()); err != nil {
		return nil, err
	}
	a.partners.take(cfg)
	a.staff.take(cfg.Staff)
	select {
	case a.reloads <- struct{}{}:
	default: // the one before is not taken up yet
	}
	for i, t := range a.tls {
		t.current.Store(configs[i])
	}
	if a.level != nil {
		a.level.Set(level)
	}
	return a.cfg.differs(cfg), nil
}

// differs gives the keys of two configurations that differ and are not reloaded.
func (c Config) differs(other Config) (keys []string) {
	was, is := reflect.ValueOf(c), reflect.ValueOf(other)
	for i := range was.NumField() {
		key, set := was.Type().Field(i).Tag.Lookup("yaml")
		if set && !slices.Contains(reloaded, key) && !reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()) {
			keys = append(keys, key)
		}
	}
	return keys
}

// reload reads the configuration again and puts it in force. One that is at fault
// changes nothing, and the log says why.
func (c *serveCmd) reload(a *App) {
	cfg, err := LoadConfig(c.Config, c.Settings)
	var later []string
	if err == nil {
		later, err = a.Reload(cfg)
	}
	if err != nil {
		a.log.Error("the configuration was not reloaded; that of before is in force", "error", strings.Split(err.Error(), "\n"))
		return
	}
	a.log.Info("the configuration was reloaded", "partners", len(cfg.Partners), "customers", len(cfg.Customers), "clients", len(cfg.Clients))
	if len(later) > 0 {
		a.log.Warn("some of the configuration takes effect at the next start only", "keys", later)
	}
}

func parseLevel(text string) (slog.Level, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(text)); err != nil {
		return l, fmt.Errorf("log_level %q: use debug, info, warn or error", text)
	}
	return l, nil
}
