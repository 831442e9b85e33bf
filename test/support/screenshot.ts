import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';

const DIRECTORY = path.join(tmpdir(), 'zyntro-bff-screenshots');

export type Hue = 'red' | 'orange' | 'green' | 'blue' | 'gray';

/** Writes a screenshot of the whole page to a directory that is kept after the run, for people to look at. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(DIRECTORY, { recursive: true });
  writeFileSync(path.join(DIRECTORY, `${name}.png`), await page.screenshot({ fullPage: true }));
}

/** Returns the hues of a screenshot of an element, and the share of its pixels that has each. */
export async function huesOf(element: Locator): Promise<ReadonlyMap<Hue, number>> {
  const png = await element.screenshot();
  const reader = await element.page().context().browser()!.newPage();
  const counts = await reader.evaluate<[Hue, number][]>(`(async () => {
    ${hueOf.toString()}
    const response = await fetch('data:image/png;base64,${png.toString('base64')}');
    const bitmap = await createImageBitmap(await response.blob());
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const pixels = context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    const shares = new Map();
    for (let at = 0; at < pixels.length; at += 4) {
      const hue = hueOf(pixels[at], pixels[at + 1], pixels[at + 2]);
      shares.set(hue, (shares.get(hue) ?? 0) + 4 / pixels.length);
    }
    return [...shares];
  })()`);
  await reader.close();
  return new Map(counts);
}

/** Runs in the browser. */
function hueOf(red: number, green: number, blue: number): Hue {
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  if (most - least < 60) return 'gray';
  if (most === blue) return 'blue';
  if (most === green) return 'green';
  return green - blue > (red - blue) / 4 ? 'orange' : 'red';
}
