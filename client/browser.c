#include "client/browser.h"

#include <stdio.h>
#include <unistd.h>

#include "common/file.h"

#define OPENER "xdg-open"
#define PAGE "start.html"
#define PAGE_BYTES 512

static void forget(struct browser *browser)
{
    if (browser->watched)
        uv_close((uv_handle_t *)&browser->opener, NULL);
    browser->watched = false;
}

static void on_opener_ended(uv_process_t *opener, int64_t code, int number)
{
    (void)code;
    (void)number;
    forget(opener->data);
}

static enum status run_opener(struct browser *browser, uv_loop_t *loop, struct error *err)
{
    char opener[] = OPENER;
    char *arguments[] = {opener, browser->page, NULL};
    uv_process_options_t options = {.file = OPENER,
                                    .args = arguments,
                                    .flags = UV_PROCESS_DETACHED,
                                    .exit_cb = on_opener_ended};
    int code = uv_spawn(loop, &browser->opener, &options);
    browser->opener.data = browser;
    browser->watched = true;
    uv_unref((uv_handle_t *)&browser->opener);
    if (code == 0)
        return STATUS_OK;
    forget(browser);
    return error_set(err, STATUS_NOT_FOUND, "no browser could be opened: '%s': %s", OPENER,
                     uv_strerror(code));
}

enum status browser_open(struct browser *browser, uv_loop_t *loop, const struct cli *cli,
                         const char *link, struct error *err)
{
    char page[PAGE_BYTES];
    snprintf(page, sizeof page,
             "<!doctype html><meta charset=\"utf-8\"><title>jinqiu</title>"
             "<meta http-equiv=\"refresh\" content=\"0;url=%s\">\n",
             link);
    TRY(cli_path(cli, PAGE, browser->page, err));
    TRY(file_replace(browser->page, FILE_PRIVATE, bytes_text(page), err));
    return run_opener(browser, loop, err);
}

void browser_came(struct browser *browser)
{
    if (browser->page[0])
        unlink(browser->page);
    browser->page[0] = '\0';
}

void browser_close(struct browser *browser)
{
    browser_came(browser);
    forget(browser);
}
