package mongo

// point is a place between two steps. In tests the process dies there, or others do
// something; elsewhere nothing happens.
type point string

// The points, in the order in which a change passes them.
const (
	beforeLog     point = "before the log record"
	afterLog      point = "after the log record"
	afterVersions point = "after the versions"
	afterRetire   point = "after the older versions"
	afterClaims   point = "after the claims"
	afterReleases point = "after the releases"
	afterStreams  point = "after the streams"
	afterTrims    point = "after the trims"
	afterApplied  point = "after the note that it is applied"
	afterMark     point = "after a mark"
	afterEmptied  point = "after older log records are emptied"
)

// asked is the point after each question of a search: nobody dies there, but others
// may be faster.
const asked point = "after a question of a search"

// points are all that a change passes.
var points = []point{
	beforeLog, afterLog, afterVersions, afterRetire, afterClaims, afterReleases, afterStreams, afterTrims, afterApplied, afterMark, afterEmptied,
}
