package elements

// Load reads both tables afresh.
func Load() { read(r4Text); read(stu3Text) }
