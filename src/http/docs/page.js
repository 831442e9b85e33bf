const dark = matchMedia('(prefers-color-scheme: dark)');

function followColorScheme() {
  document.documentElement.classList.toggle('dark-mode', dark.matches);
}

followColorScheme();
dark.addEventListener('change', followColorScheme);

SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#page',
  deepLinking: true,
  // Keeps the token in memory only, until the page is closed.
  persistAuthorization: false,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  // The default validator is an external service.
  validatorUrl: null,
});
