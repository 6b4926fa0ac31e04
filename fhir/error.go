package fhir

import (
	"errors"
	"fmt"
)

// Error is a failure that somebody outside is told about. Its Text is written
// for the caller and holds no patient data and nothing of our inside; its Cause
// is for the log only.
type Error struct {
	Kind   Kind
	Code   string  // application code, such as INVALID_NHS_NUMBER; may be empty
	Text   string  // what is wrong and what would be right
	Where  string  // FHIRPath of the element, or name of the parameter, header or HL7 field; may be empty
	Issues []Issue // when more than one thing is wrong; otherwise one is made of the above
	Cause  error   // for the log; may be nil
}

// Issue is one problem, as an OperationOutcome shows it.
type Issue struct {
	Severity string // fatal, error, warning or information; empty means error
	Code     string // issue type; empty means the kind's default
	Text     string
	Where    string
}

// Errorf makes an Error of a kind. The text is for the caller.
func Errorf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Text: fmt.Sprintf(format, args...)}
}

// At names the place of the fault and gives the error back.
func (e *Error) At(where string) *Error { e.Where = where; return e }

// Coded names the application code and gives the error back.
func (e *Error) Coded(code string) *Error { e.Code = code; return e }

// Because adds the cause, for the log, and gives the error back.
func (e *Error) Because(err error) *Error { e.Cause = err; return e }

// Error gives kind and text, and the cause where there is one. It is for logs;
// callers see Text and Issues only.
func (e *Error) Error() string {
	s := e.Kind.String()
	if e.Where != "" {
		s += " at " + e.Where
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives both the kind and the cause, so that errors.Is finds either.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

// AllIssues gives the problems to show: Issues, or one made of the error itself.
func (e *Error) AllIssues() []Issue {
	if len(e.Issues) > 0 {
		return e.Issues
	}
	return []Issue{{Severity: "error", Code: e.Kind.Issue(), Text: e.Text, Where: e.Where}}
}

// KindOf gives the kind of an error: that of the outermost Error, or the
// outermost Kind, or Internal when it has none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if k, ok := errors.AsType[Kind](err); ok {
		return k
	}
	return Internal
}

// AsError gives the outermost Error in err, or one made of its kind. A failure
// that is ours (Internal) shows a fixed sentence; what happened is its Cause.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e
	}
	k := KindOf(err)
	if k == Internal {
		return &Error{Kind: Internal, Text: "The server met a fault of its own. The request may be tried again; the fault is logged under the request's id.", Cause: err}
	}
	return &Error{Kind: k, Text: "The request could not be carried out (" + k.String() + ").", Cause: err}
}
