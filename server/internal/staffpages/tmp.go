package staffpages

const reviewPath = home + "/review"
