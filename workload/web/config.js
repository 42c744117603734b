// Where the service is, for a page that is deployed apart: an origin without a slash at its end, on
// the same site (chat.example.com and api.example.com). Empty: where the page is.
window.AIRA_SERVICE = "";
