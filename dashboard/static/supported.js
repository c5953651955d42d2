// Tells the stylesheet that scripts run, before anything is painted; govuk-frontend starts only where this stands.
document.body.classList.add("js-enabled", "govuk-frontend-supported");
