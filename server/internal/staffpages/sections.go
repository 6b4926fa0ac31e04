package staffpages

// section is a part of the pages that has its own place in the navigation.
type section struct {
	path  string // of its first page
	title string
	role  Role           // that opens it, and every page of it
	pages map[string]act // by pattern of their addresses, below path
}

// sections are the table of them, in the order of the navigation.
func (s *Server) sections() []section {
	return []section{
		{"/staff/requests", "Requests", Requests, s.requestPages()},
		{messagesPath, "Messages", Messages, s.messagePages()},
		{reviewPath, "Review", Review, s.reviewPages()},
		{calendarPath, "Calendar", Calendar, s.calendarPages()},
		{reportsPath, "Reports", Reports, s.reportPages()},
		{accessPath, "Access", Access, s.accessPages()},
		{healthPath, "Health", Health, s.healthPages()},
	}
}
